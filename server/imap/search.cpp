// SEARCH (RFC 3501 6.4.4). Charsets are those of ICU; one that nobody knows is NO [BADCHARSET]. With RETURN the answer
// is an ESEARCH line (RFC 4731, RFC 4466 2.6.2).
#include "server/imap/search.h"

#include "server/base/clock.h"
#include "server/imap/fetch_rows.h"
#include "server/imap/list_names.h"
#include "server/imap/search_run.h"
#include "server/imap/session.h"
#include "server/message/charset.h"

namespace pennypost::imap {

Result<void> SearchCommand::parse(Arguments& in) {
  by_uid_ = in.uid_form();
  if (in.take_word("RETURN")) parse_return(in);
  std::string charset;
  if (in.take_word("CHARSET")) {
    in.space();
    charset = in.astring();
    in.space();
    if (!in.failed() && !message::knows_charset(charset)) unknown_charset_ = charset;
  }
  tree_ = simplify(parse_search(in, charset));
  return in.end();
}

void SearchCommand::parse_return(Arguments& in) {
  extended_ = true;
  in.space();
  in.expect('(');
  while (!in.failed() && !in.take(')')) {
    if (in.take_word("MIN"))
      min_ = true;
    else if (in.take_word("MAX"))
      max_ = true;
    else if (in.take_word("ALL"))
      all_ = true;
    else if (in.take_word("COUNT"))
      count_ = true;
    else
      in.fail("unknown return option");
    if (!in.next_is(')')) in.space();
  }
  if (!min_ && !max_ && !count_) all_ = true;  // RFC 4731 3.1: "()" means ALL
  in.space();
}

Reply SearchCommand::run(Session& session) {
  if (unknown_charset_) return no("BADCHARSET (US-ASCII UTF-8)", "This charset is not known");
  Selection& selection = session.selected();
  const bool with_mod_seq = tree_.uses(Key::mod_seq);
  if (with_mod_seq) session.enable_condstore();
  const auto found = find_messages(selection, tree_, session.store().messages(), now());
  if (!found) return reply_for(found.error());

  const store::FolderSnapshot& view = selection.now();
  ModSeq highest{};
  std::vector<std::uint32_t> numbers;
  numbers.reserve(found->size());
  for (const store::Msn msn : *found) {
    const store::FolderRow* row = by_uid_ || with_mod_seq ? &view.row(msn) : nullptr;
    numbers.push_back(by_uid_ ? number(row->uid) : msn);
    if (with_mod_seq) highest = std::max(highest, row->mod_seq);
  }
  Out out{session.connection()};
  if (!extended_) {
    out.put("* SEARCH");
    for (const std::uint32_t n : numbers) {
      out.put(' ');
      out.number(n);
    }
    if (with_mod_seq && !numbers.empty()) {
      out.put(" (MODSEQ ");
      out.number(number(highest));
      out.put(')');
    }
    out.put("\r\n");
    return ok("SEARCH completed");
  }
  out.put("* ESEARCH (TAG ");
  out.put(quote_name(session.tag()));
  out.put(by_uid_ ? ") UID" : ")");
  const auto value = [&out](std::string_view name, std::uint64_t n) {
    out.put(name);
    out.number(n);
  };
  if (min_ && !numbers.empty()) value(" MIN ", numbers.front());
  if (max_ && !numbers.empty()) value(" MAX ", numbers.back());
  if (count_) value(" COUNT ", numbers.size());
  if (all_ && !numbers.empty()) {
    NumberSet all;
    for (const std::uint32_t n : numbers) all.add(n);
    out.put(" ALL ");
    out.put(all.print());
  }
  if (with_mod_seq && !numbers.empty()) value(" MODSEQ ", number(highest));
  out.put("\r\n");
  return ok("SEARCH completed");
}

}  // namespace pennypost::imap
