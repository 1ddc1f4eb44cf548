// STORE (RFC 3501 6.4.6; UNCHANGEDSINCE and MODIFIED: RFC 7162 3.1.3). One commit; the rows that it tells are those of
// the messages that were asked for, changed or not, so that a client always learns what stands there now.
#include "server/imap/store.h"

#include "server/imap/fetch_rows.h"
#include "server/imap/session.h"

namespace pennypost::imap {

Result<void> StoreCommand::parse(Arguments& in) {
  by_uid_ = in.uid_form();
  set_ = in.sequence_set();
  in.space();
  if (in.take('(')) {
    if (!in.take_word("UNCHANGEDSINCE")) in.fail("unknown modifier");
    in.space();
    unchanged_since_ = ModSeq{in.number64()};
    in.expect(')');
    in.space();
  }
  change_.op = in.take('+') ? store::FlagOp::add : in.take('-') ? store::FlagOp::remove : store::FlagOp::replace;
  if (in.take_word("FLAGS.SILENT"))
    silent_ = true;
  else if (!in.take_word("FLAGS"))
    in.fail("expected FLAGS, +FLAGS or -FLAGS");
  in.space();
  FlagList flags;
  if (in.next_is('(')) {
    flags = in.flag_list();
  } else {
    do {
      in.flag(flags);
    } while (!in.failed() && in.take(' ') && !in.at_end());
  }
  change_.flags = flags.system;
  change_.keywords = std::move(flags.keywords);
  return in.end();
}

Reply StoreCommand::run(Session& session) {
  Selection& selection = session.selected();
  if (selection.is_read_only()) return no("READ-ONLY", "The mailbox is selected read-only");
  if (unchanged_since_) session.enable_condstore();
  const auto chosen = choose(selection.now(), set_, by_uid_);
  if (!chosen) return reply_for(chosen.error());
  if (chosen->empty()) return ok("STORE completed, no messages");

  const store::UidSet uids = chosen->uid_set(selection.now());
  const auto stored = session.store().messages().store_flags(selection.view.folder(), uids, change_, unchanged_since_);
  if (!stored) return reply_for(stored.error());

  if (change_.op != store::FlagOp::remove && !change_.keywords.empty())
    session.context().tell({.folder = selection.view.folder(),
                            .from = std::nullopt,
                            .uids = stored->changed,
                            .keywords = change_.keywords});
  selection.view.told(stored->changed, stored->mod_seq);
  // What others have changed meanwhile is told first, and the view catches up; numbers stay as they are.
  if (const auto told = session.tell_changes(store::Expunges::not_now); !told) return reply_for(told.error());
  if (session.is_mailbox_gone()) return no("The mailbox was deleted");
  session.tell_keywords();
  NumberSet modified;
  for (const Uid uid : stored->modified) {
    const auto msn = selection.now().msn(uid);
    if (by_uid_)
      modified.add(number(uid));
    else if (msn)
      modified.add(*msn);
  }
  tell_rows(session, *chosen, stored->modified);
  if (!modified.empty()) return ok("MODIFIED " + modified.print(), "Conditional STORE, some messages have changed");
  return ok("STORE completed");
}

void StoreCommand::tell_rows(Session& session, const Chosen& chosen, const std::vector<Uid>& left_alone) {
  if (silent_ && !session.has_condstore()) return;
  const Selection& selection = session.selected();
  Out out{session.connection()};
  RowPrinter printer{out, selection};
  for (const NumberRange& range : chosen.numbers.ranges()) {
    selection.now().for_each(range.first, range.last, [&](store::Msn msn, const store::FolderRow& row) {
      if (std::ranges::binary_search(left_alone, row.uid)) return true;
      printer.begin(msn);
      if (by_uid_) printer.item(Item::uid, row);
      if (!silent_) printer.item(Item::flags, row);
      if (session.has_condstore()) printer.item(Item::mod_seq, row);
      printer.end();
      return true;
    });
  }
}

}  // namespace pennypost::imap
