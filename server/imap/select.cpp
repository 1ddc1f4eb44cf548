// SELECT and EXAMINE (RFC 3501 6.3.1, 6.3.2; CONDSTORE: RFC 7162 3.1.8). A failed SELECT leaves nothing selected.
#include "server/imap/select.h"

#include "server/imap/session.h"

namespace pennypost::imap {

Result<void> Select::parse(Arguments& in) {
  name_ = in.mailbox();
  if (in.take(' ') && !in.at_end()) {
    in.expect('(');
    do {
      if (!in.take_word("CONDSTORE")) in.fail("unknown parameter");
      condstore_ = true;
    } while (in.take(' '));
    in.expect(')');
  }
  return in.end();
}

Reply Select::run(Session& session) {
  session.unselect();
  if (condstore_) session.enable_condstore();
  const auto folder = session.folder(name_);
  if (!folder) return reply_for(folder.error());
  auto view = session.store().states().open(folder->id, access_);
  if (!view) return reply_for(view.error());
  store::ReadAhead ahead{session.store().messages(), view->folder()};
  Selection selection{*std::move(view), name_, std::move(ahead), {}};
  const store::FolderSnapshot& now = selection.now();
  const store::Keywords keywords = now.all_keywords();
  selection.told_keywords = flags_line(keywords, false);
  const bool read_only = selection.is_read_only();

  std::string out = "* FLAGS " + selection.told_keywords + "\r\n";
  out += "* OK [PERMANENTFLAGS " + (read_only ? "()" : flags_line(keywords, true)) + "] Limited\r\n";
  out += "* " + std::to_string(now.exists()) + " EXISTS\r\n";
  out += "* " + std::to_string(selection.view.recent()) + " RECENT\r\n";
  if (const auto unseen = now.first_unseen()) out += "* OK [UNSEEN " + std::to_string(*unseen) + "] First unseen\r\n";
  out += "* OK [UIDVALIDITY " + std::to_string(number(selection.view.uid_validity())) + "] UIDs valid\r\n";
  out += "* OK [UIDNEXT " + std::to_string(number(now.uid_next())) + "] Predicted next UID\r\n";
  out += "* OK [HIGHESTMODSEQ " + std::to_string(number(now.mod_seq())) + "] Highest\r\n";
  session.write(out);
  session.select(std::move(selection));
  return ok(read_only ? "READ-ONLY" : "READ-WRITE", read_only ? "EXAMINE completed" : "SELECT completed");
}

}  // namespace pennypost::imap
