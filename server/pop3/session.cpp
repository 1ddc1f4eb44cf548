// The loop of a POP3 session. Needs a connection, the store and the authenticator; any error that is not the client's
// is answered with [SYS/TEMP] and logged. Idle for too long: closed without a word and without deleting (RFC 1939
// section 3). Sources: RFC 1939, 2449, 2595, 3206; spec 50 sections 1.3 to 1.5, 2 and 4; greeting and [IN-USE] text are
// exact.
#include "server/pop3/session.h"

#include <fmt/format.h>

#include "server/auth/digests.h"
#include "server/base/limits.h"
#include "server/base/log.h"
#include "server/base/text.h"
#include "server/net/ended.h"
#include "server/pop3/commands.h"
#include "server/store/store.h"

namespace pennypost::pop3 {
namespace {

constexpr LogEvent kBegan{"pop3.session_began", Level::info, "session from {ip}"};
constexpr LogEvent kEnded{"pop3.session_ended", Level::info, "session of {user} ended, {sent} octets sent"};
constexpr LogEvent kOpened{"pop3.opened", Level::info, "mailbox of {user} open, {messages} messages"};
constexpr LogEvent kFailed{"pop3.command_failed", Level::error, "{command} failed"};
constexpr LogEvent kTurnedAway{"pop3.blocked", Level::notice, "{ip} is blocked after failed logins"};
constexpr LogEvent kThrown{"pop3.exception", Level::error, "session ended by an exception: {what}"};

bool is_ours(Kind kind) {
  switch (kind) {
    case Kind::internal:
    case Kind::unavailable:
    case Kind::disk_full:
      return true;
    case Kind::bad_input:
    case Kind::not_found:
    case Kind::already_exists:
    case Kind::not_permitted:
    case Kind::not_authenticated:
    case Kind::in_use:
    case Kind::over_quota:
    case Kind::too_large:
    case Kind::cancelled:
      break;
  }
  return false;
}

}  // namespace

Session::Session(net::Connection& connection, const Context& context)
    : connection_{connection}, context_{context}, settings_{context.store.settings().snapshot()} {
  connection_.set_line_ends(net::LineEnds::lenient);
}

void Session::run() {
  const LogScope scope{"session", connection_.id()};
  const std::string ip = connection_.peer().host().toString();
  log(kBegan, {{"ip", ip}});
  try {
    if (!is_turned_away()) {
      has_recoverable_ = authenticator().any_recoverable();
      connection_.write("+OK VPOP3 Server Ready " + challenge_ + "\r\n");
      while (serve() == Next::go_on) {
      }
    }
  } catch (const std::exception& e) {
    log(kThrown, {{"what", e.what()}});
    why_ended_ = "internal error";
    connection_.write("-ERR [SYS/TEMP] Internal error\r\n");
  }
  maildrop_.reset();  // the lock goes before the connection does
  log(kEnded, {{"user", account_}, {"sent", connection_.sent()}});
  if (settings_->get(kHistoricalLogging)) record_end();
}

void Session::record_end() {
  store::SessionRecord record;
  record.began = began_;
  record.duration = std::chrono::round<Seconds>(now() - began_);
  record.type = store::SessionType::pop3_server;
  record.error = why_ended_;
  record.name = account_.empty() ? connection_.peer().host().toString() : account_;
  store().log_db().record(std::move(record));
}

bool Session::is_turned_away() {
  const std::string ip = connection_.peer().host().toString();
  if (!authenticator().guard().is_blocked(ip)) return false;
  log(kTurnedAway, {{"ip", ip}});
  why_ended_ = "blocked";
  connection_.write("-ERR Your connection has been blocked temporarily - Try again later\r\n");  // spec 50 section 1.4
  return true;
}

Session::Next Session::serve() {
  const auto line = read_line();
  if (line) return send(answer(*line));
  if (line.error().kind == Kind::too_large || line.error().kind == Kind::bad_input) {
    return send(complaint(err("Line too long")));
  }
  why_ended_ = net::in_words(connection_.ended());
  if (line.error().kind == Kind::cancelled) connection_.write("-ERR [SYS/TEMP] Server is shutting down\r\n");
  return Next::over;
}

Result<std::string_view> Session::read_line() {
  return connection_.read_line(kPop3Line.most, settings_->get(kPop3Timeout));
}

/// An answer to what makes no sense; after too many of them the last one.
Reply Session::complaint(Reply reply) {
  if (++errors_ >= kPop3Errors.most) {
    reply.after = After::close;
    why_ended_ = "too many errors";
  }
  return reply;
}

Reply Session::answer(std::string_view line) {
  std::string_view rest = line;
  const std::string name{take_word(rest)};
  const CommandRow* row = find_command(name);
  if (row == nullptr) return complaint(err("Unknown command"));
  const In now = is_open() ? In::transaction : In::authorization;
  if (row->states != In::both && row->states != now) {
    return complaint(err(is_open() ? "Already logged in" : "Please log in first"));
  }
  const std::unique_ptr<Command> command = row->make();
  Arguments arguments{rest};
  if (const auto good = command->parse(arguments); !good) return complaint(reply_for(good.error()));
  return command->run(*this);
}

Session::Next Session::send(const Reply& reply) {
  if (!reply.line.empty()) connection_.write(reply.line + "\r\n");
  switch (reply.after) {
    case After::go_on:
      return Next::go_on;
    case After::close:
      return Next::over;
    case After::start_tls:
      user_.clear();  // nothing learnt in clear counts (RFC 2595 section 4)
      return connection_.start_tls() ? Next::go_on : Next::over;
  }
  return Next::over;
}

auth::Client Session::client() const { return {connection_.peer().host().toString(), "pop3", connection_.is_tls()}; }

auth::SaslConditions Session::sasl_conditions() const {
  return {.is_encrypted = connection_.is_tls(),
          .passwords_need_encryption = settings_->get(kRequireEncryptedLogin),
          .has_recoverable = has_recoverable_,
          .has_channel_binding = connection_.is_tls()};
}

bool Session::may_send_password() const { return connection_.is_tls() || !settings_->get(kRequireEncryptedLogin); }

Reply Session::logged_in(const Result<auth::Identity>& who) {
  user_.clear();
  if (!who) {
    if (is_ours(who.error().kind)) log(kFailed, who.error(), {{"command", "login"}});
    Reply reply = reply_for(who.error());
    if (who.error().kind == Kind::not_authenticated && ++failed_logins_ >= settings_->get(kPop3FailuresMost)) {
      why_ended_ = "too many failed logins";
      reply.after = After::close;
    }
    return reply;
  }
  auto drop = Maildrop::open(store(), who->account, settings_->get(kMailboxLockWait));
  if (!drop) {
    if (is_ours(drop.error().kind)) log(kFailed, drop.error(), {{"command", "login"}});
    return reply_for(drop.error());
  }
  account_ = who->name;
  maildrop_ = *std::move(drop);
  log(kOpened, {{"user", account_}, {"messages", maildrop_->count()}});
  return ok(fmt::format("Mailbox open, {} messages ({} octets)", maildrop_->count(), maildrop_->size().count));
}

}  // namespace pennypost::pop3
