// The session: greeting, one command after the other, what is told between them, the end (RFC 3501 section 3; spec 50
// sections 3.1 and 3.6). Needs a connection and the Context. An exception ends the session with its line, never the
// server; every other problem is an answer.
#include "server/imap/session.h"

#include "server/base/log.h"
#include "server/base/random.h"
#include "server/base/settings.h"
#include "server/base/text.h"
#include "server/imap/commands.h"
#include "server/imap/fetch_rows.h"
#include "server/imap/texts.h"

namespace pennypost::imap {

namespace {

constexpr LogEvent kLoggedIn{"imap.logged_in", Level::info, "{name} logged in with {mechanism}"};
constexpr LogEvent kTooMany{"imap.too_many_logins", Level::warning, "{name} has {most} sessions already"};
constexpr LogEvent kFailed{"imap.session_failed", Level::error, "session ended by an exception, trace {trace}"};
constexpr LogEvent kRefused{"imap.command_failed", Level::warning, "{command}: {reply}"};
constexpr LogEvent kBadCommands{"imap.bad_commands", Level::notice, "ended after {count} wrong commands in a row"};

bool may_run(const Session& session, In in, bool selected) {
  switch (in) {
    case In::any:
      return true;
    case In::not_authenticated:
      return !session.is_authenticated();
    case In::authenticated:
      return session.is_authenticated();
    case In::selected:
      return selected;
  }
  return false;
}

Reply wrong_state(const CommandRow& row) {
  switch (row.in) {
    case In::any:
      break;
    case In::not_authenticated:
      return bad("Already logged in");
    case In::authenticated:
      return bad("Log in first");
    case In::selected:
      return bad("Select a mailbox first");
  }
  return bad("Not now");
}

}  // namespace

Session::Session(net::Connection& connection, Context& context)
    : connection_{connection},
      context_{context},
      settings_{context.store.settings().snapshot()},
      reader_{connection, context.pipeline.spool()} {}

Session::~Session() = default;

Seconds Session::idle_time() const { return settings_->get(kImapTimeout); }

auth::Client Session::client() const { return {connection_.peer().host().toString(), "imap", connection_.is_tls()}; }

auth::SaslConditions Session::sasl_conditions() {
  auth::SaslConditions conditions;
  conditions.is_encrypted = connection_.is_tls();
  conditions.passwords_need_encryption = settings_->get(kRequireEncryptedLogin);
  conditions.has_recoverable = context_.authenticator.any_recoverable();
  conditions.has_channel_binding = connection_.is_tls() && !connection_.channel_binding("tls-exporter").empty();
  return conditions;
}

bool Session::is_login_disabled() { return !connection_.is_tls() && settings_->get(kRequireEncryptedLogin); }

std::string Session::capability_words() {
  CapabilityFacts facts;
  facts.is_authenticated = is_authenticated();
  facts.can_start_tls = !is_authenticated() && connection_.can_start_tls();
  facts.login_disabled = !is_authenticated() && is_login_disabled();
  facts.idle = settings_->get(kImapIdle);
  facts.append_limit = message_most(*settings_).count;
  std::vector<std::string_view> mechanisms;
  if (!is_authenticated()) mechanisms = auth::offered(sasl_conditions());
  facts.mechanisms = mechanisms;
  return capabilities(facts);
}

void Session::run() {
  const LogScope scope{"session", connection_.id()};
  try {
    if (context_.authenticator.guard().is_blocked(connection_.peer().host().toString())) return bye(kBlockedText);
    write(kGreeting);
    while (serve_one()) {
    }
  } catch (const std::exception& exception) {
    const std::string trace = random_name(12);
    log(kFailed, {{"trace", trace}, {"reason", exception.what()}});
    bye("[SERVERBUG] Internal error, trace " + trace);
  }
}

void Session::bye(std::string_view text) {
  write("* BYE ");
  write(text);
  write("\r\n");
}

void Session::good_bye_for(net::Ended ended) {
  if (reader_.was_silent() || ended == net::Ended::by_time) return bye(kSilentText);
  if (connection_.is_stopping()) bye(kStoppingText);
}

bool Session::serve_one() {
  const ReaderLimits limits{is_authenticated() ? kImapLiteral.most : kImapLiteralBeforeLogin.most,
                            is_authenticated() ? message_most(*settings_) : Octets{0}};
  const auto takes_messages = [](std::string_view name) {
    const CommandEntry* entry = find_command(name);
    return entry != nullptr && entry->row->literals == Literals::message;
  };
  const auto refuse_early = [this](std::string_view name, std::string_view arguments) -> std::optional<Reply> {
    const CommandEntry* entry = find_command(name);
    if (entry == nullptr || entry->refuse_early == nullptr) return std::nullopt;
    return entry->refuse_early(*this, arguments);
  };
  auto request = reader_.read(idle_time(), limits, takes_messages, refuse_early);
  if (!request) {
    good_bye_for(connection_.ended());
    return false;
  }
  const CommandEntry* entry = nullptr;
  tag_ = request->tag;
  Reply reply = answer(*request, entry);
  if (connection_.ended() == net::Ended::broken) return false;
  if (selection_ && entry != nullptr && entry->row->uses != Uses::own_updates && reply.status != Status::bad) {
    const bool numbers = entry->row->uses == Uses::numbers && !request->uid_form;
    // A failure here is not one of the command: what is new is told with the next one.
    (void)tell_changes(numbers ? store::Expunges::not_now : store::Expunges::allowed);
  }
  if (mailbox_gone_) {
    bye("[UNAVAILABLE] The selected mailbox was deleted");
    return false;
  }
  if (reply.status == Status::bad) {
    if (++bad_commands_ >= kImapBadCommands.most) {
      log(kBadCommands, {{"count", bad_commands_}});
      write(print(request->tag, reply));
      bye("Too many wrong commands");
      return false;
    }
  } else {
    bad_commands_ = 0;
  }
  write(print(request->tag, reply));
  switch (reply.then) {
    case Then::go_on:
      return true;
    case Then::start_tls:
      return connection_.start_tls().ok();
    case Then::end_session:
      if (reply.status != Status::ok) bye(reply.text);
      return false;
  }
  return false;
}

Reply Session::answer(const CommandRequest& request, const CommandEntry*& entry) {
  entry = find_command(request.name);
  if (request.refusal) return *request.refusal;
  if (entry == nullptr || (request.uid_form && !entry->row->has_uid_form)) {
    entry = nullptr;
    return bad("Unknown command");
  }
  if (!may_run(*this, entry->row->in, selection_.has_value())) return wrong_state(*entry->row);
  const std::unique_ptr<Command> command = entry->make();
  Arguments arguments{request.arguments, request.spooled, request.before, request.uid_form};
  if (const auto parsed = command->parse(arguments); !parsed)
    return bad("Error in " + std::string{entry->row->name} + ": " + parsed.error().for_client);
  Reply reply = command->run(*this);
  if (reply.status == Status::no && (reply.code == "SERVERBUG" || reply.code == "UNAVAILABLE"))
    log(kRefused, {{"command", entry->row->name}, {"reply", reply.text}});
  return reply;
}

Reply Session::admit(const auth::Identity& identity) {
  const std::int64_t most = settings_->get(kImapSessionsMost);
  auto place = context_.counts.take(identity.account, most);
  if (!place) {
    log(kTooMany, {{"name", identity.name}, {"most", most}});
    return no("LIMIT", "Too many logins");
  }
  auto lock = store().locks().lock(identity.account, store::LockMode::shared, settings_->get(kMailboxLockWait));
  if (!lock) return reply_for(lock.error());
  place_ = std::move(place);
  lock_ = *std::move(lock);
  identity_ = identity;
  log(kLoggedIn, {{"name", identity.name}, {"mechanism", identity.mechanism}});
  return ok("CAPABILITY " + capability_words(), "Logged in");
}

Reply Session::refuse_login(const Error& error) {
  Reply reply = reply_for(error);
  if (error.kind != Kind::not_authenticated) return reply;
  reply.text = "Invalid login";
  if (++failed_logins_ >= settings_->get(kImapFailedLogins)) {
    reply.text = "Too many invalid logins";
    reply.then = Then::end_session;
  }
  return reply;
}

Result<std::string> Session::read_answer(Octets most) {
  std::string line;
  const auto fits = reader_.read_line(line, most, idle_time());
  if (!fits) return fits.error();
  if (!*fits) return error(Kind::too_large, "The line is too long");
  return line;
}

Reply Session::ended(const Error& failure) {
  Reply reply = failure.kind == Kind::too_large ? bad(failure.for_client) : reply_for(failure);
  if (failure.kind == Kind::too_large) return reply;
  if (reader_.was_silent()) reply.text = kSilentText;
  reply.then = Then::end_session;
  return reply;
}

delivery::Content Session::take_content(const char* octets) { return reader_.take_content(octets); }

Result<void> Session::tell_changes(store::Expunges expunges) {
  Selection& selection = *selection_;
  const auto changes = selection.view.sync(expunges);
  if (!changes) return changes.error();
  if (changes->folder_gone) {
    mailbox_gone_ = true;
    return {};
  }
  if (changes->empty()) return {};
  Out out{connection_};
  for (const auto& gone : changes->expunged) {
    out.put("* ");
    out.number(gone.msn);
    out.put(" EXPUNGE\r\n");
  }
  if (changes->arrived > 0) {
    out.put("* ");
    out.number(changes->exists);
    out.put(" EXISTS\r\n* ");
    out.number(changes->recent);
    out.put(" RECENT\r\n");
  }
  out.flush();
  if (changes->keywords_changed) tell_keywords();
  tell_flags(changes->flags_changed, false);
  return {};
}

void Session::tell_flags(std::span<const store::Msn> messages, bool with_uid) {
  if (messages.empty()) return;
  Selection& selection = *selection_;
  Out out{connection_};
  RowPrinter printer{out, selection};
  for (const store::Msn msn : messages) {
    const store::FolderRow& row = selection.now().row(msn);
    printer.begin(msn);
    if (with_uid) printer.item(Item::uid, row);
    printer.item(Item::flags, row);
    if (condstore_) printer.item(Item::mod_seq, row);
    printer.end();
  }
}

void Session::tell_keywords() {
  Selection& selection = *selection_;
  const store::Keywords keywords = selection.now().all_keywords();
  std::string line = flags_line(keywords, false);
  if (line == selection.told_keywords) return;
  write("* FLAGS " + line + "\r\n");
  if (!selection.is_read_only()) write("* OK [PERMANENTFLAGS " + flags_line(keywords, true) + "] Limited\r\n");
  selection.told_keywords = std::move(line);
}

}  // namespace pennypost::imap
