// LIST (RFC 3501 6.3.8; spec 50 sections 3.2, 3.5). One line a name, sorted by name. A level that is no folder is
// \Noselect (ghost folders), in the extended form \NonExistent. CHILDREN and special uses are always told, which RFC
// 3348 and RFC 6154 section 2 allow.
#include "server/imap/list.h"

#include <algorithm>

#include "server/imap/mailbox_name.h"
#include "server/imap/session.h"

namespace pennypost::imap {

Result<void> List::parse(Arguments& in) {
  if (in.next_is('(')) parse_selection(in);
  reference_ = in.list_mailbox();
  in.space();
  if (in.take('(')) {
    extended_ = true;
    do {
      patterns_.push_back(in.list_mailbox());
      if (patterns_.size() > std::size_t{kImapListPatterns.most}) in.fail("too many patterns");
    } while (!in.failed() && in.take(' '));
    in.expect(')');
  } else {
    patterns_.push_back(in.list_mailbox());
  }
  if (in.take(' ') && !in.at_end()) parse_return(in);
  return in.end();
}

void List::parse_selection(Arguments& in) {
  extended_ = true;
  in.expect('(');
  while (!in.failed() && !in.take(')')) {
    if (in.take_word("SUBSCRIBED"))
      only_subscribed_ = return_subscribed_ = true;
    else if (in.take_word("RECURSIVEMATCH"))
      recursive_match_ = true;
    else if (in.take_word("SPECIAL-USE"))
      only_special_use_ = true;
    else if (!in.take_word("REMOTE"))
      in.fail("unknown selection option");
    if (!in.next_is(')')) in.space();
  }
  // RFC 5258 section 3: RECURSIVEMATCH alone makes no sense.
  if (recursive_match_ && !only_subscribed_ && !only_special_use_) in.fail("RECURSIVEMATCH needs another option");
  in.space();
}

void List::parse_return(Arguments& in) {
  extended_ = true;
  if (!in.take_word("RETURN")) in.fail("expected RETURN");
  in.space();
  in.expect('(');
  while (!in.failed() && !in.take(')')) {
    if (in.take_word("SUBSCRIBED")) {
      return_subscribed_ = true;
    } else if (in.take_word("CHILDREN")) {
      return_children_ = true;
    } else if (in.take_word("STATUS")) {
      in.space();
      status_ = parse_status_items(in);
    } else if (!in.take_word("SPECIAL-USE")) {
      in.fail("unknown return option");
    }
    if (!in.next_is(')')) in.space();
  }
}

bool List::is_chosen(const std::string&, const ListedName& entry, bool matched) const {
  if (only_special_use_ && (entry.folder == nullptr || entry.folder->special_use == store::SpecialUse::none))
    return false;
  if (!only_subscribed_) return matched && (entry.folder != nullptr || entry.has_children);
  if (matched && entry.is_subscribed) return true;
  return recursive_match_ && matched && entry.has_subscribed_children;
}

std::string List::line(const std::string& name, const ListedName& entry, bool) const {
  std::string out = "* LIST (";
  const auto attribute = [&out](std::string_view word) {
    if (out.back() != '(') out += ' ';
    out += word;
  };
  if (entry.folder == nullptr) attribute(extended_ ? "\\NonExistent" : "\\Noselect");
  attribute(entry.has_children ? "\\HasChildren" : "\\HasNoChildren");
  if (return_subscribed_ && entry.is_subscribed) attribute("\\Subscribed");
  if (entry.folder != nullptr) {
    const std::string_view use = special_use_word(entry.folder->special_use);
    if (!use.empty()) attribute(use);
  }
  out += ") \"/\" " + quote_name(name);
  if (recursive_match_ && only_subscribed_ && entry.has_subscribed_children) out += " (\"CHILDINFO\" (\"SUBSCRIBED\"))";
  return out + "\r\n";
}

Reply List::run(Session& session) {
  if (!extended_ && patterns_.front().empty()) {  // the separator is asked for
    session.write("* LIST (\\Noselect) \"/\" \"\"\r\n");
    return ok("LIST completed");
  }
  const auto names = ListNames::read(session.store().folders(), session.account(), return_subscribed_);
  if (!names) return reply_for(names.error());
  for (const auto& [name, entry] : names->names()) {
    const bool matched = std::ranges::any_of(
        patterns_, [&, &n = name](const std::string& pattern) { return matches(reference_ + pattern, n); });
    if (!is_chosen(name, entry, matched)) continue;
    session.write(line(name, entry, matched));
    if (status_.empty() || entry.folder == nullptr) continue;
    // RFC 5819 section 2: no STATUS line when it cannot be had.
    if (const auto folder = session.store().folders().status(session.account(), name))
      session.write(status_line(name, *folder, status_));
  }
  return ok("LIST completed");
}

}  // namespace pennypost::imap
