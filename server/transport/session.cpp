// Opening and replacing of connections to the servers of a destination. A server that cannot be reached, breaks off or
// refuses before a transaction is left for the next one; a broken TLS handshake of an opportunistic session is repeated
// in clear (RFC 7435). Sources: RFC 5321 5.1, spec 60 sections 7.1 and 7.2.
#include "server/transport/session.h"

#include <fmt/format.h>

#include "server/base/log.h"
#include "server/transport/smtp_answer.h"

namespace pennypost::transport {
namespace {

// "Status monitor line for each failure" of spec 60 section 7.2, and the relay's form of section 7.7.
constexpr LogEvent kMxWarning{"transport.mx_warning", Level::notice, "MX Send Warning - {reply} ({server})"};
constexpr LogEvent kRelayError{"transport.relay_error", Level::warning, "Error with SMTP Client ({server}): {reply}"};

constexpr auto kUnreachable = smtp_text(451, {4, 4, 1}, "The server could not be reached:");

}  // namespace

Sender::Session::Session(Sender& sender, const SendRules& rules, Exchangers exchangers)
    : sender_{sender}, rules_{rules}, exchangers_{std::move(exchangers)} {
  if (exchangers_.failure) failure_ = exchangers_.failure;
}

Sender::Session::~Session() { close(); }

void Sender::Session::close() {
  if (!client_) return;
  if (client_->is_usable() && !sender_.stopping_) client_->quit();
  {
    const std::lock_guard lock{sender_.mutex_};
    sender_.open_.erase(&client_->connection());
  }
  client_.reset();
}

void Sender::Session::note(const SmtpReply& reply, bool is_permanent) {
  const bool for_good = is_permanent && rules_.relays.empty();
  log(rules_.relays.empty() ? kMxWarning : kRelayError, {{"reply", in_words(reply)}, {"server", server_}});
  if (!failure_ || (is_permanent_ && !for_good)) failure_ = reply;  // a temporary reason wins
  is_permanent_ = is_permanent_ && for_good;
  if (!is_permanent_ && failure_->is_permanent()) {
    failure_->code = 451;  // what the smart host says about itself keeps no mail from being tried again
    if (!failure_->enhanced.none()) failure_->enhanced.klass = 4;
  }
}

SmtpClient* Sender::Session::ready() {
  if (client_ && client_->is_usable()) return client_.get();
  close();
  while (next_ < exchangers_.list.size() && !sender_.stopping_) {
    if (open(exchangers_.list[next_])) return client_.get();
    close();
    ++next_;
  }
  if (!failure_) failure_ = SmtpReply::with(kUnreachable, "(stopping)");
  return nullptr;
}

bool Sender::Session::open(const Exchanger& exchanger) {
  server_ = exchanger.name;
  has_worked_ = false;
  auto problem = begin(exchanger, rules_.tls);
  if (problem && problem->try_without_tls) {
    close();
    problem = begin(exchanger, TlsMode::none);
  }
  if (!problem) return true;
  note(problem->reply, problem->is_permanent);
  return false;
}

std::optional<Problem> Sender::Session::begin(const Exchanger& exchanger, TlsMode tls) {
  net::ConnectTo to;
  to.address = exchanger.address;
  to.wait = sender_.options_.times.connect;
  to.id = "send-" + exchanger.address.toString();
  auto connection = net::connect(to);
  if (!connection) {
    return Problem{
        false,
        SmtpReply::with(kUnreachable, fmt::format("{} ({})", exchanger.address.toString(), connection.error().for_log)),
        false};
  }
  ClientOptions options;
  options.own_name = rules_.own_name;
  options.server_name = exchanger.name;
  options.tls = tls;
  options.verify = rules_.verify;
  options.tls_client = sender_.tls_;
  options.user = rules_.user;
  options.password = rules_.password;
  options.times = sender_.options_.times;
  client_ = std::make_unique<SmtpClient>(*std::move(connection), std::move(options));
  {
    const std::lock_guard lock{sender_.mutex_};
    sender_.open_.insert(&client_->connection());
  }
  return client_->open();
}

void Sender::Session::after(bool was_decided) {
  if (was_decided) {
    has_worked_ = true;
    return;
  }
  close();
  if (!has_worked_) ++next_;  // else once more to the same one: it may just have closed an old session
  has_worked_ = false;
}

}  // namespace pennypost::transport
