// APPEND (RFC 3501 6.3.11; several messages, all or none: RFC 3502; APPENDUID: RFC 4315 section 3). The messages go
// through delivery::Pipeline::append, the one way into a folder; the reply comes after its commit.
//
//   append = "APPEND" SP mailbox 1*append-message
//   append-message = [SP flag-list] [SP date-time] SP literal
#include "server/imap/append.h"

#include "server/base/clock.h"
#include "server/imap/copy_uid.h"

namespace pennypost::imap {

Result<void> Append::parse(Arguments& in) {
  name_ = in.mailbox();
  do {
    Message message;
    in.space();
    if (in.next_is('(')) {
      message.flags = in.flag_list();
      in.space();
    }
    if (in.next_is('"')) {
      message.date = in.date_time();
      in.space();
    }
    message.octets = in.literal();
    messages_.push_back(std::move(message));
    if (messages_.size() > std::size_t{kImapAppendMessages.most}) in.fail("too many messages in one command");
  } while (!in.failed() && in.next_is(' '));
  return in.end();
}

std::optional<Reply> Append::refuse_early(Session& session, std::string_view arguments) {
  if (!session.is_authenticated()) return bad("Log in first");
  Arguments in{arguments};
  const std::string name = in.mailbox();
  if (in.failed()) return std::nullopt;  // said by parse, which knows the place
  const auto folder = session.folder(name);
  if (folder) return std::nullopt;
  return try_create(folder.error());
}

Reply Append::run(Session& session) {
  const auto folder = session.folder(name_);
  if (!folder) return try_create(folder.error());
  std::vector<delivery::Append> appends;
  for (Message& message : messages_) {
    // RFC 3502 section 6.3.11: a message without octets means that the client has thought better of it.
    if (message.octets.empty()) return no("The message is empty");
    delivery::Append append;
    append.folder = folder->id;
    append.flags = message.flags.system;
    append.keywords = std::move(message.flags.keywords);
    append.internal_date = message.date.value_or(now());
    append.content = session.take_content(message.octets.data());
    if (append.content.octets().empty()) append.content = delivery::Content::of(message.octets);
    appends.push_back(std::move(append));
  }
  const auto stored = session.context().pipeline.append(appends);
  if (!stored) return try_create(stored.error());
  NumberSet uids;
  Sorted sorted{.folder = folder->id, .from = std::nullopt, .uids = {}, .keywords = {}};
  for (const store::StoredEntry& entry : *stored) {
    uids.add(number(entry.uid));
    sorted.uids.push_back(entry.uid);
  }
  session.context().tell(std::move(sorted));
  return ok("APPENDUID " + std::to_string(number(stored->front().uid_validity)) + " " + uids.print(),
            "APPEND completed");
}

}  // namespace pennypost::imap
