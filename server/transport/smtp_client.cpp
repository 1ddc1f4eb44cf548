// The SMTP client (RFC 5321, 1870, 2034, 2920, 3207, 3461, 4954, 6152, 6531). Needs a connected socket. Every failure
// comes back as an answer to act on: the server's own words where it spoke, ours in the same form where it did not.
// A server that lacks 8BITMIME gets 8-bit content as it is: nearly all take it, and to encode it anew would break
// signatures. A server that lacks SMTPUTF8 gets the message when the addresses are ASCII, else the recipient fails.
#include "server/transport/smtp_client.h"

#include <algorithm>

#include <fmt/format.h>

#include "server/auth/sasl_client.h"
#include "server/base/limits.h"
#include "server/base/log.h"
#include "server/base/text.h"
#include "server/transport/smtp_answer.h"
#include "server/transport/wire_octets.h"

namespace pennypost::transport {
namespace {

constexpr LogEvent kShownPassword{"transport.password_in_clear", Level::notice,
                                  "the password for {server} goes out without TLS"};
constexpr LogEvent kTlsFailed{"transport.tls_failed", Level::notice, "TLS with {server} failed: {why}"};

constexpr auto kNoAnswer = smtp_text(451, {4, 4, 2}, "The server connection was closed unexpectedly");
constexpr auto kNonsense = smtp_text(451, {4, 5, 0}, "The server does not speak SMTP");
constexpr auto kNoTls = smtp_text(454, {4, 7, 5}, "The server does not offer TLS, which is required");
constexpr auto kTlsBroken = smtp_text(454, {4, 7, 5}, "TLS with the server failed");
constexpr auto kNoAuth = smtp_text(454, {4, 7, 0}, "The server offers no authentication that is known here");
constexpr auto kNotProven = smtp_text(454, {4, 7, 0}, "The server does not know the password");
constexpr auto kTooLarge = smtp_text(552, {5, 3, 4}, "The message is larger than the server takes");
constexpr auto kNeedsUtf8 = smtp_text(553, {5, 6, 7}, "The address needs SMTPUTF8, which the server does not offer");
constexpr auto kBodyGone = smtp_text(451, {4, 3, 0}, "The message could not be read");
constexpr auto kUnknownEnd = smtp_text(
    451, {4, 4, 2}, "The connection broke after the message was sent; whether the server has it is not known");

bool has_unsafe(std::string_view address) {  // nothing that could begin a command of its own
  return address.find_first_of(std::string_view{"\r\n\0 <>", 6}) != std::string_view::npos;
}

store::Sent verdict_of(const SmtpReply& reply) {
  if (reply.code >= 200 && reply.code < 300) return store::Sent::delivered;
  return reply.is_permanent() ? store::Sent::failed : store::Sent::deferred;
}

}  // namespace

std::string status_text(const Enhanced& status) {
  if (status.none()) return {};
  return fmt::format("{}.{}.{}", status.klass, status.subject, status.detail);
}

std::string to_xtext(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c <= ' ' || c > '~' || c == '+' || c == '=') {
      out += fmt::format("+{:02X}", static_cast<unsigned char>(c));
    } else {
      out += c;
    }
  }
  return out;
}

Extensions parse_extensions(std::span<const std::string> lines) {
  Extensions out;
  for (const std::string& line : lines) {
    std::string_view rest = line;
    const std::string_view word = take_word(rest);
    if (same_word(word, "PIPELINING")) {
      out.pipelining = true;
    } else if (same_word(word, "8BITMIME")) {
      out.eight_bit = true;
    } else if (same_word(word, "SMTPUTF8")) {
      out.utf8 = true;
    } else if (same_word(word, "DSN")) {
      out.dsn = true;
    } else if (same_word(word, "STARTTLS")) {
      out.starttls = true;
    } else if (same_word(word, "SIZE")) {
      out.has_size = true;
      const auto most = to_number(trim(rest));
      out.size_most = {most && *most < INT64_MAX ? static_cast<std::int64_t>(*most) : 0};
    } else if (same_word(word, "AUTH") || starts_with_word(word, "AUTH=")) {  // AUTH=LOGIN: an old form
      if (word.size() > 5) out.mechanisms.emplace_back(word.substr(5));
      for (const std::string_view name : split_words(rest)) out.mechanisms.emplace_back(name);
    }
  }
  return out;
}

SmtpClient::SmtpClient(std::unique_ptr<net::Connection> connection, ClientOptions options)
    : connection_{std::move(connection)}, options_{std::move(options)} {
  connection_->set_line_ends(net::LineEnds::lenient);
}

SmtpClient::~SmtpClient() = default;

Result<SmtpClient::Answer> SmtpClient::read_answer(Seconds wait) {
  Answer out;
  for (int count = 0; count < kAnswerLines.most; ++count) {
    const auto line = connection_->read_line(kAnswerLine.most, wait);
    if (!line) {
      if (line.error().kind == Kind::too_large) continue;  // a line nobody needs as a whole; its successor may be short
      return line.error();
    }
    const auto parsed = parse_answer_line(*line);
    if (!parsed) return error(Kind::bad_input, std::string{kNonsense.text}, printable(*line));
    std::string_view text = parsed->text;
    const Enhanced status = take_enhanced(parsed->code, text);
    if (!status.none()) out.reply.enhanced = status;
    out.reply.code = parsed->code;
    out.lines.emplace_back(text);
    if (!parsed->is_last) continue;
    out.reply.text = join(out.lines, " ");
    return out;
  }
  return passed(kAnswerLines, std::string{kNonsense.text});
}

Result<SmtpClient::Answer> SmtpClient::ask(std::string_view command, Seconds wait) {
  connection_->write(std::string{command} + "\r\n");
  return read_answer(wait);
}

Problem SmtpClient::lost(const Error& why, std::string_view when) {
  usable_ = false;
  SmtpReply reply = why.kind == Kind::bad_input || why.kind == Kind::too_large ? kNonsense : kNoAnswer;
  reply.text += fmt::format(" {} ({})", when, why.for_log);
  return {false, std::move(reply), false};
}

std::optional<Problem> SmtpClient::open() {
  connection_->set_write_wait(options_.times.command);
  if (options_.tls == TlsMode::implicit) {
    if (!options_.tls_client) return Problem{false, kTlsBroken, false};
    if (const auto secured = connection_->start_tls(*options_.tls_client, options_.server_name, options_.verify);
        !secured) {
      usable_ = false;
      log(kTlsFailed, {{"server", options_.server_name}, {"why", secured.error().for_log}});
      return Problem{false, SmtpReply::with(kTlsBroken, "(" + secured.error().for_log + ")"), false};
    }
  }
  const auto greeting = read_answer(options_.times.greeting);
  if (!greeting) return lost(greeting.error(), "before its greeting");
  if (greeting->reply.code != 220) {
    usable_ = false;
    return Problem{greeting->reply.is_permanent(), greeting->reply, false};
  }
  if (auto problem = hello()) return problem;
  if (auto problem = begin_tls()) return problem;
  return authenticate();
}

std::optional<Problem> SmtpClient::hello() {
  extensions_ = {};
  auto answer = ask("EHLO " + options_.own_name, options_.times.command);
  if (!answer) return lost(answer.error(), "in answer to EHLO");
  if (answer->reply.code == 250) {
    extensions_ = parse_extensions(std::span{answer->lines}.subspan(1));
    return std::nullopt;
  }
  if (answer->reply.is_permanent()) {  // RFC 5321 3.2: an old server
    answer = ask("HELO " + options_.own_name, options_.times.command);
    if (!answer) return lost(answer.error(), "in answer to HELO");
    if (answer->reply.code == 250) return std::nullopt;
  }
  usable_ = false;
  return Problem{answer->reply.is_permanent(), answer->reply, false};
}

std::optional<Problem> SmtpClient::begin_tls() {
  if (options_.tls == TlsMode::none || connection_->is_tls()) return std::nullopt;
  const bool is_required = options_.tls == TlsMode::required;
  if (!extensions_.starttls || !options_.tls_client) {
    if (!is_required) return std::nullopt;
    usable_ = false;
    return Problem{false, kNoTls, false};
  }
  const auto answer = ask("STARTTLS", options_.times.command);
  if (!answer) return lost(answer.error(), "in answer to STARTTLS");
  if (answer->reply.code != 220) {
    if (!is_required) return std::nullopt;
    usable_ = false;
    return Problem{false, answer->reply, false};
  }
  const auto secured = connection_->start_tls(*options_.tls_client, options_.server_name, options_.verify);
  if (!secured) {
    usable_ = false;
    log(kTlsFailed, {{"server", options_.server_name}, {"why", secured.error().for_log}});
    return Problem{false, SmtpReply::with(kTlsBroken, "(" + secured.error().for_log + ")"), !is_required};
  }
  return hello();  // RFC 3207 4.2: what was learnt in clear does not count
}

std::optional<Problem> SmtpClient::authenticate() {
  if (options_.user.empty()) return std::nullopt;
  auth::ClientCredentials credentials{options_.user, options_.password, {}};
  if (connection_->is_tls()) {
    credentials.channel_binding = [this](std::string_view type) { return connection_->channel_binding(type); };
  }
  const std::vector<std::string_view> offered{extensions_.mechanisms.begin(), extensions_.mechanisms.end()};
  const auto mechanism = auth::choose_mechanism(offered, credentials);
  if (!mechanism) {
    usable_ = false;
    return Problem{false, kNoAuth, false};
  }
  if (!connection_->is_tls() && (mechanism->name() == "PLAIN" || mechanism->name() == "LOGIN")) {
    log(kShownPassword, {{"server", options_.server_name}});
  }
  std::string command = fmt::format("AUTH {}", mechanism->name());
  if (const auto initial = mechanism->initial()) {
    command += " " + (initial->empty() ? std::string{"="} : base64_encode(*initial));
  }
  auto answer = ask(command, options_.times.command);
  while (answer && answer->reply.code == 334) {
    const auto challenge = base64_decode(trim(answer->reply.text));
    const auto response = challenge ? mechanism->answer(*challenge)
                                    : Result<std::string>{error(Kind::bad_input, "the challenge is not base64")};
    answer = ask(response ? base64_encode(*response) : "*", options_.times.command);
    if (!response) {
      usable_ = false;
      return Problem{false, SmtpReply::with(kNotProven, "(" + response.error().for_log + ")"), false};
    }
  }
  if (!answer) return lost(answer.error(), "during AUTH");
  if (answer->reply.code == 235 && mechanism->is_satisfied()) return std::nullopt;
  usable_ = false;
  if (answer->reply.code == 235) return Problem{false, kNotProven, false};
  return Problem{false, answer->reply,
                 false};  // wrong password at the smart host: the mail waits (spec 60 section 7.7)
}

std::vector<RecipientOutcome> SmtpClient::all(const Transaction& message, store::Sent sent, const SmtpReply& reply,
                                              bool tried) {
  return std::vector<RecipientOutcome>(message.recipients.size(), RecipientOutcome{sent, reply, tried});
}

std::vector<RecipientOutcome> SmtpClient::send(const Transaction& message) {
  const bool is_ascii_path = is_ascii(message.return_path);
  const bool all_ascii = is_ascii_path && std::ranges::all_of(message.recipients, [](const auto* r) {
                           return is_ascii(std::string_view{r->address});
                         });
  if (has_unsafe(message.return_path)) {
    return all(message, store::Sent::failed, SmtpReply{553, {5, 1, 7}, "The sender's address makes no sense"}, true);
  }
  if (!is_ascii_path && !extensions_.utf8) return all(message, store::Sent::failed, kNeedsUtf8, true);
  if (extensions_.has_size && extensions_.size_most.count > 0 && message.size > extensions_.size_most) {
    return all(message, store::Sent::failed,
               SmtpReply::with(kTooLarge, fmt::format("({} octets)", extensions_.size_most.count)), true);
  }

  std::string mail = fmt::format("MAIL FROM:<{}>", message.return_path);
  if (extensions_.has_size) mail += fmt::format(" SIZE={}", message.size.count);
  if (extensions_.eight_bit && (message.is_8bit || message.is_utf8)) mail += " BODY=8BITMIME";
  if (extensions_.utf8 && (message.is_utf8 || !all_ascii)) mail += " SMTPUTF8";
  if (extensions_.dsn) {
    if (message.returned == store::ReturnOption::full) mail += " RET=FULL";
    if (message.returned == store::ReturnOption::headers) mail += " RET=HDRS";
    if (!message.envelope_id.empty()) mail += " ENVID=" + to_xtext(message.envelope_id);
  }

  std::vector<RecipientOutcome> outcomes(message.recipients.size());
  std::vector<std::size_t> asked;
  std::vector<std::string> commands;
  for (std::size_t i = 0; i < message.recipients.size(); ++i) {
    const store::QueuedRecipient& to = *message.recipients[i];
    if (has_unsafe(to.address) || to.address.empty()) {
      outcomes[i] = {store::Sent::failed, SmtpReply{553, {5, 1, 3}, "The address makes no sense"}, true};
      continue;
    }
    if (!extensions_.utf8 && !is_ascii(std::string_view{to.address})) {
      outcomes[i] = {store::Sent::failed, kNeedsUtf8, true};
      continue;
    }
    std::string rcpt = fmt::format("RCPT TO:<{}>", to.address);
    if (extensions_.dsn && !to.notify.empty()) rcpt += " NOTIFY=" + to.notify;
    if (extensions_.dsn && !to.original_recipient.empty()) {
      const auto [type, address] = cut(to.original_recipient, ';');
      rcpt += fmt::format(" ORCPT={};{}", type, to_xtext(address));
    }
    asked.push_back(i);
    commands.push_back(std::move(rcpt));
  }
  if (asked.empty()) return outcomes;
  // What a break before the server's decision means for those that were asked about.
  const auto broken = [&](const Problem& problem) {
    for (const std::size_t i : asked) {
      if (outcomes[i].reply.code == 0 || verdict_of(outcomes[i].reply) == store::Sent::delivered) {
        outcomes[i] = {store::Sent::deferred, problem.reply, false};
      }
    }
    return outcomes;
  };

  connection_->write(mail + "\r\n");
  if (extensions_.pipelining) {
    for (const std::string& command : commands) connection_->write(command + "\r\n");
  }
  const auto mail_answer = read_answer(options_.times.command);
  if (!mail_answer) return broken(lost(mail_answer.error(), "in answer to MAIL"));
  const bool mail_taken = mail_answer->reply.code >= 200 && mail_answer->reply.code < 300;
  std::vector<std::size_t> taken;
  for (std::size_t n = 0; n < asked.size(); ++n) {
    if (!extensions_.pipelining && !mail_taken) break;
    if (!extensions_.pipelining) connection_->write(commands[n] + "\r\n");
    const auto answer = read_answer(options_.times.command);
    if (!answer) return broken(lost(answer.error(), "in answer to RCPT"));
    outcomes[asked[n]] = {verdict_of(answer->reply), answer->reply, true};
    if (outcomes[asked[n]].sent == store::Sent::delivered) taken.push_back(asked[n]);
    if (answer->reply.code == 421) {
      usable_ = false;
      outcomes[asked[n]] = {};  // the server goes away; it decided nothing about the recipient
      return broken({false, answer->reply, false});
    }
  }
  if (!mail_taken) {
    if (mail_answer->reply.code == 421) usable_ = false;
    for (const std::size_t i : asked) outcomes[i] = {verdict_of(mail_answer->reply), mail_answer->reply, true};
    if (usable_ && !ask("RSET", options_.times.command)) usable_ = false;
    return outcomes;
  }
  if (taken.empty()) {
    if (!ask("RSET", options_.times.command)) usable_ = false;
    return outcomes;
  }

  const auto go_ahead = ask("DATA", options_.times.data_start);
  if (!go_ahead) return broken(lost(go_ahead.error(), "in answer to DATA"));
  if (go_ahead->reply.code != 354) {
    const bool is_refusal = go_ahead->reply.code >= 400;
    for (const std::size_t i : taken) {
      outcomes[i] = {is_refusal ? verdict_of(go_ahead->reply) : store::Sent::deferred, go_ahead->reply, true};
    }
    if (go_ahead->reply.code == 421 || !is_refusal || !ask("RSET", options_.times.command)) usable_ = false;
    return outcomes;
  }
  if (const auto failure = send_octets(message)) {
    for (const std::size_t i : taken) outcomes[i] = {verdict_of(*failure), *failure, true};
    return outcomes;
  }
  const auto end = read_answer(options_.times.data_end);
  if (!end) {
    usable_ = false;
    for (const std::size_t i : taken) {
      outcomes[i] = {store::Sent::deferred, SmtpReply::with(kUnknownEnd, "(" + end.error().for_log + ")"), true};
    }
    return outcomes;
  }
  if (end->reply.code == 421) usable_ = false;
  for (const std::size_t i : taken) outcomes[i] = {verdict_of(end->reply), end->reply, true};
  return outcomes;
}

/// The octets and the closing dot; none when all went out.
std::optional<SmtpReply> SmtpClient::send_octets(const Transaction& message) {
  connection_->set_write_wait(options_.times.data_block);
  WireOctets wire{[this](std::string_view octets) { connection_->write(octets); }};
  std::optional<Error> broken;
  const auto read = message.octets([&](std::string_view piece) {
    wire.take(piece);
    const auto sent = connection_->flush();
    if (!sent) broken = sent.error();
    return !broken;
  });
  connection_->set_write_wait(options_.times.command);
  if (broken) {
    usable_ = false;
    const auto last_words = read_answer(Seconds{1});  // a server that refuses in the middle usually says why
    if (last_words && last_words->reply.code >= 400) return last_words->reply;
    return SmtpReply::with(kNoAnswer, "in the middle of the message (" + broken->for_log + ")");
  }
  if (!read) {  // never an end that would make half a message whole
    usable_ = false;
    connection_->cut_off();
    return SmtpReply::with(kBodyGone, "(" + read.error().for_log + ")");
  }
  wire.finish();
  connection_->write(".\r\n");
  return std::nullopt;
}

void SmtpClient::quit() {
  if (!usable_) return;
  usable_ = false;
  const auto answer = ask("QUIT", Seconds{5});
  if (answer) connection_->close();
}

}  // namespace pennypost::transport
