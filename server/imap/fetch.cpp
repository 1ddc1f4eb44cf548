// FETCH (RFC 3501 6.4.5). Three ways, by what the items need: rows of the folder alone (fetch_rows.h), stored strings
// in one bulk read, octets of bodies (fetch_content.h). \Seen is stored first, so that one line tells body and flags.
#include "server/imap/fetch.h"

#include "server/imap/fetch_content.h"
#include "server/imap/fetch_rows.h"
#include "server/imap/session.h"

namespace pennypost::imap {

Result<void> Fetch::parse(Arguments& in) {
  by_uid_ = in.uid_form();
  set_ = in.sequence_set();
  in.space();
  items_ = parse_fetch_items(in);
  if (in.take(' ') && !in.at_end()) {
    in.expect('(');
    if (!in.take_word("CHANGEDSINCE")) in.fail("unknown modifier");
    in.space();
    changed_since_ = ModSeq{in.number64()};
    in.expect(')');
  }
  return in.end();
}

Result<void> Fetch::mark_seen(Session& session, const Chosen& chosen) {
  Selection& selection = session.selected();
  store::UidSet unseen;
  for (const NumberRange& range : chosen.numbers.ranges()) {
    selection.now().for_each(range.first, range.last, [&unseen](store::Msn, const store::FolderRow& row) {
      if (!row.flags.has(store::Flag::seen)) unseen.add(row.uid);
      return true;
    });
  }
  if (unseen.empty()) return {};
  const auto stored = session.store().messages().store_flags(selection.view.folder(), unseen,
                                                             {store::FlagOp::add, store::Flag::seen, {}});
  if (!stored) return stored.error();
  selection.view.told(stored->changed, stored->mod_seq);
  if (const auto told = session.tell_changes(store::Expunges::not_now); !told) return told;
  if (!stored->changed.empty()) items_.add(Item::flags);
  return {};
}

Reply Fetch::run(Session& session) {
  Selection& selection = session.selected();
  if (items_.has(Item::mod_seq) || changed_since_) session.enable_condstore();
  auto chosen = choose(selection.now(), set_, by_uid_);
  if (!chosen) return reply_for(chosen.error());
  if (by_uid_) items_.add(Item::uid);
  if (changed_since_) {
    items_.add(Item::mod_seq);
    Chosen newer;
    for (const NumberRange& range : chosen->numbers.ranges()) {
      selection.now().for_each(range.first, range.last, [&](store::Msn msn, const store::FolderRow& row) {
        if (row.mod_seq > *changed_since_) newer.numbers.add(msn);
        return true;
      });
    }
    *chosen = std::move(newer);
  }
  if (chosen->empty()) return ok("FETCH completed");
  if (items_.sets_seen() && !selection.is_read_only()) {
    if (const auto seen = mark_seen(session, *chosen); !seen) return reply_for(seen.error());
    if (session.is_mailbox_gone()) return no("The mailbox was deleted");
  }
  if (session.has_condstore() && items_.has(Item::flags)) items_.add(Item::mod_seq);

  if (items_.needs_strings() || items_.needs_body()) {
    const auto sent = fetch_content(session, *chosen, items_);
    if (!sent) return reply_for(sent.error());
    // RFC 2180 4.1.3: what exists was sent; what is gone will be told as soon as it may.
    if (*sent < chosen->numbers.count() && !by_uid_) return no("EXPUNGEISSUED", "Some of the messages no longer exist");
    return ok("FETCH completed");
  }
  Out out{session.connection()};
  RowPrinter printer{out, selection};
  for (const NumberRange& range : chosen->numbers.ranges()) {
    selection.now().for_each(range.first, range.last, [&](store::Msn msn, const store::FolderRow& row) {
      printer.begin(msn);
      for (const FetchItem& item : items_.items) printer.item(item.item, row);
      printer.end();
      return true;
    });
  }
  return ok("FETCH completed");
}

}  // namespace pennypost::imap
