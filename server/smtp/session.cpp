// The loop of a session (see the header). Whatever a client sends costs one line of kSmtpLine at most; a client that is
// silent, endless or only makes errors is answered 421 and let go. Sources: RFC 5321 section 4, spec 40 sections 3, 4.
#include "server/smtp/session.h"

#include "server/base/clock.h"
#include "server/base/limits.h"
#include "server/base/log.h"
#include "server/base/text.h"
#include "server/net/ended.h"
#include "server/smtp/commands.h"
#include "server/smtp/intake.h"
#include "server/smtp/texts.h"

namespace pennypost::smtp {
namespace {

constexpr LogEvent kFailed{"smtp.failed", Level::error, "the session ended by a failure: {why}"};
constexpr LogEvent kRefused{"smtp.refused", Level::notice, "{reply} to {line}"};
constexpr LogEvent kSmuggled{"smtp.before_tls", Level::warning,
                             "{octets} octets were sent in clear behind STARTTLS and thrown away"};

constexpr std::size_t kShownMost = 200;

/// The command as the log may show it: what follows AUTH is a secret.
std::string shown(std::string_view line) {
  if (starts_with_word(line, "AUTH")) return "AUTH ...";
  return printable(line);
}

bool has_controls(std::string_view line) {
  for (const char c : line)
    if (is_control(c) && c != '\t') return true;
  return false;
}

}  // namespace

Session::Session(net::Connection& connection, const Context& context)
    : connection_{connection},
      context_{context},
      options_{Options::from(*context.pipeline.store().settings().snapshot())},
      line_{
          first_match(context.lines, Surroundings{context.routers, options_.local_networks}, connection.peer().host())},
      began_{now()},
      history_{options_.history ? std::make_shared<store::HistorySession>() : nullptr} {
  connection_.set_line_ends(net::LineEnds::strict);
}

Session::~Session() = default;

void Session::greet(std::string name, bool extended) {
  end_transaction();
  hello_ = std::move(name);
  has_hello_ = true;
  extended_ = extended;
}

RelayAnswer Session::may_send_to(bool recipient_is_local) const {
  return decide({.listed = is_listed(),
                 .allow_unauth = line_ != nullptr && line_->allow_unauth,
                 .recipient_is_local = recipient_is_local,
                 .authenticated = identity_.has_value(),
                 .rule = options_.auth,
                 .internal_without_auth = options_.internal_without_auth,
                 .authenticated_may_relay = options_.authenticated_may_relay});
}

auth::Client Session::auth_client() const {
  return {.address = connection_.peer().host().toString(), .service = "smtp", .is_encrypted = connection_.is_tls()};
}

delivery::Client Session::delivery_client() const {
  delivery::Client client;
  client.session = connection_.id();
  client.service_id = context_.service_id;
  client.address = connection_.peer().host().toString();
  client.server_address = connection_.local().host().toString();
  client.hello = hello_;
  client.extended = extended_;
  if (connection_.is_tls()) {
    const auto facts = connection_.tls_facts();
    client.tls = facts.version + ":" + facts.cipher;
  }
  if (identity_) {
    client.account = identity_->account;
    client.account_name = identity_->name;
  }
  client.may_relay = may_send_to(false) == RelayAnswer::accept;
  client.history = history_;
  return client;
}

Transaction& Session::begin_transaction() {
  transaction_ = std::make_unique<Transaction>();
  return *transaction_;
}

void Session::end_transaction() { transaction_.reset(); }

Reply Session::ended() const {
  switch (connection_.ended()) {
    case net::Ended::by_time:
      return {kIdleTooLong, After::close};
    case net::Ended::by_stop:
      return {kShuttingDown, After::close};
    case net::Ended::no:
    case net::Ended::by_peer:
    case net::Ended::broken:
      break;
  }
  return {kBye, After::silence};
}

void Session::note_refused(const std::string& address, const SmtpReply& reply) {
  auto& refused = transaction_->envelope.refused;
  if (refused.size() < static_cast<std::size_t>(kHistoryRows.most)) refused.push_back({address, reply.line()});
}

void Session::run() {
  serve();
  if (history_) record_end();
}

void Session::record_end() {
  store::SessionRecord record;
  record.session = history_;
  record.began = began_;
  record.duration = std::chrono::round<Seconds>(now() - began_);
  // Spec 60 section 17.3 tells internal services from incoming ones; here one service is both, and the client decides.
  record.type = may_send_to(false) == RelayAnswer::accept ? store::SessionType::server_internal
                                                          : store::SessionType::server_incoming;
  record.error = why_ended_;
  record.name = connection_.peer().host().toString();
  context_.pipeline.store().log_db().record(std::move(record));
}

void Session::serve() {
  try {
    if (context_.authenticator.guard().is_blocked(connection_.peer().host().toString())) {
      why_ended_ = "blocked";
      send(Reply{kBlocked, After::close});
      return;
    }
    connection_.write("220 " + options_.host_name + " " + std::string{kReady.text} + "\r\n");
    for (;;) {
      const auto line = connection_.read_line(kSmtpLine.most, options_.timeout);
      if (line) {
        const auto command = shown(line->substr(0, kShownMost));  // the view ends with the next read
        const auto reply = answer(*line);
        if (reply.first.code >= 400 && reply.after != After::silence)
          log(kRefused, {{"reply", reply.first.line()}, {"line", command}});
        if (!send(reply)) return;
      } else if (line.error().kind == Kind::too_large) {
        if (!send(kLineTooLong)) return;
      } else if (line.error().kind == Kind::bad_input) {
        if (!send(kBadOctets)) return;
      } else {
        why_ended_ = net::in_words(connection_.ended());
        send(ended());
        return;
      }
    }
  } catch (const std::exception& e) {
    log(kFailed, {{"why", e.what()}});
    why_ended_ = "internal error";
    connection_.write(Reply{kInternalError}.wire());
  }
}

Reply Session::answer(std::string_view line) {
  if (has_controls(line)) return kBadOctets;
  auto rest = trim_right(line);
  const auto word = rest.substr(0, rest.find(' '));
  const auto* row = find_command(word);
  if (row == nullptr) return kUnrecognised;
  rest.remove_prefix(word.size());
  if (options_.tls_required && !is_tls() && !row->before_tls) return kTlsFirst;
  if (row->needs == Needs::hello && !has_hello_) return kHelloFirst;
  if (row->needs == Needs::mail && transaction_ == nullptr) return has_hello_ ? kMailFirst : kHelloFirst;
  const auto command = row->make();
  if (auto wrong = command->parse(trim(rest))) return *std::move(wrong);
  return command->run(*this);
}

bool Session::send(const Reply& reply) {
  if (reply.after == After::silence) return false;
  errors_in_a_row_ = reply.first.is_permanent() ? errors_in_a_row_ + 1 : 0;
  connection_.write(reply.wire());
  if (reply.after == After::close) return false;
  if (reply.after == After::start_tls) {
    if (!connection_.start_tls()) {
      why_ended_ = "TLS failed";
      return false;
    }
    if (connection_.discarded_before_tls().count > 0) log(kSmuggled, {{"octets", connection_.discarded_before_tls()}});
    end_transaction();  // RFC 3207 section 4.2: nothing learnt in clear counts
    has_hello_ = extended_ = false;
    hello_.clear();
    identity_.reset();
  }
  if (errors_in_a_row_ >= kSmtpErrors.most) {
    why_ended_ = "too many errors";
    connection_.write(Reply{kTooManyErrors}.wire());
    return false;
  }
  return true;
}

}  // namespace pennypost::smtp
