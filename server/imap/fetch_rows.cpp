// FETCH rows out of a folder's state (RFC 3501 7.4.2). Asks nobody; the only memory is the block of Out.
#include "server/imap/fetch_rows.h"

#include <charconv>

#include "server/imap/dates.h"
#include "server/imap/flags.h"

namespace pennypost::imap {

void Out::number(std::uint64_t n) {
  if (size_ - filled_ < 20) flush();
  filled_ = static_cast<std::size_t>(std::to_chars(block_.get() + filled_, block_.get() + size_, n).ptr - block_.get());
}

void Out::flush() {
  if (filled_ > 0) connection_.write({block_.get(), filled_});
  filled_ = 0;
}

void Out::put_large(std::string_view text) {
  flush();
  if (text.size() > size_) return connection_.write(text);
  text.copy(block_.get(), text.size());
  filled_ = text.size();
}

void RowPrinter::begin(store::Msn msn) {
  out_.put("* ");
  out_.number(msn);
  out_.put(" FETCH (");
  first_ = true;
}

void RowPrinter::label(std::string_view label) {
  if (!first_) out_.put(' ');
  first_ = false;
  out_.put(label);
  out_.put(' ');
}

void RowPrinter::flags(const store::FolderRow& row) {
  out_.put('(');
  bool first = true;
  const auto word = [&](std::string_view text) {
    if (!first) out_.put(' ');
    first = false;
    out_.put(text);
  };
  const std::string_view system = print_system_flags(row.flags);
  if (!system.empty()) word(system);
  if (selection_.view.is_recent(row.uid)) word("\\Recent");
  if (row.keyword_set != 0)
    for (const std::string& keyword : now_.keywords(row)) word(keyword);
  out_.put(')');
}

void RowPrinter::item(Item item, const store::FolderRow& row) {
  switch (item) {
    case Item::uid:
      label("UID");
      out_.number(number(row.uid));
      return;
    case Item::flags:
      label("FLAGS");
      flags(row);
      return;
    case Item::internal_date: {
      label("INTERNALDATE");
      std::string text{'"'};
      print_date_time(text, Timestamp{std::chrono::seconds{row.internal_date}});
      text += '"';
      out_.put(text);
      return;
    }
    case Item::rfc822_size:
      label("RFC822.SIZE");
      out_.number(row.size);
      return;
    case Item::mod_seq:
      label("MODSEQ");
      out_.put('(');
      out_.number(number(row.mod_seq));
      out_.put(')');
      return;
    case Item::envelope:
    case Item::body_structure:
    case Item::body_short:
    case Item::section:
      return;
  }
}

}  // namespace pennypost::imap
