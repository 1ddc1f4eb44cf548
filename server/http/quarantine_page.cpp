// Looking at a quarantined message and letting it go. Everything from the message is shown as escaped text; the policy
// of the page forbids scripts, images and everything else that is fetched. The token is the authorization; it stands in
// the address of the page, so no other site may learn the address (Referrer-Policy) and no cache keeps it.
#include "server/http/quarantine_page.h"

#include <memory>
#include <mutex>
#include <utility>

#include <fmt/chrono.h>
#include <fmt/format.h>

#include "server/base/clock.h"
#include "server/base/limits.h"
#include "server/base/log.h"
#include "server/base/random.h"
#include "server/base/text.h"
#include "server/message/charset.h"
#include "server/message/html.h"
#include "server/message/parse.h"
#include "server/message/text.h"

namespace pennypost::http {
namespace {

constexpr LogEvent kWrongToken{"http.quarantine_wrong_token", Level::warning,
                               "{client} asked for quarantined message {id} with a wrong or old token ({before} more "
                               "were not named before)"};
constexpr LogEvent kDeleted{"http.quarantine_deleted", Level::info,
                            "quarantined message {id} of {user} deleted over its link"};
constexpr LogEvent kFailed{"http.quarantine_failed", Level::error, "the quarantine page does not work: {reason}"};

constexpr std::size_t kReadMost = 4 * 1024 * 1024;  // octets of a message, of which kQuarantineShown are shown

using message::html_escaped;

Reply document(int status, std::string_view title, const std::string& body) {
  const std::string nonce = random_name(24);
  Reply reply;
  reply.status = status;
  reply.type = "text/html; charset=utf-8";
  reply.body = fmt::format(
      "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><title>{}</title>\n"
      "<meta name=\"viewport\" content=\"width=device-width\">\n<style nonce=\"{}\">body{{font-family:sans-serif;"
      "max-width:60em;margin:1em auto;padding:0 1em}}pre{{white-space:pre-wrap;overflow-wrap:anywhere;background:#eee;"
      "padding:.5em}}th{{text-align:left;vertical-align:top;padding-right:1em}}</style></head>\n<body>\n{}</body></"
      "html>\n",
      html_escaped(title), nonce, body);
  reply.fields = {{"Content-Security-Policy", "default-src 'none'; style-src 'nonce-" + nonce +
                                                  "'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"},
                  {"Referrer-Policy", "no-referrer"},
                  {"Cache-Control", "no-store"},
                  {"X-Frame-Options", "DENY"}};
  return reply;
}

Reply note(int status, std::string_view text) {
  return document(status, "Quarantine", fmt::format("<h1>Quarantine</h1>\n<p>{}</p>\n", html_escaped(text)));
}

Reply reply_for(const Error& error) {
  switch (error.kind) {  // no default: a new kind does not compile until it is answered here
    case Kind::not_found:
      return note(410, "This message is no longer in the quarantine. It was released, deleted, or has expired.");
    case Kind::bad_input:
      return note(400, error.for_client);
    case Kind::unavailable:
    case Kind::disk_full:
    case Kind::cancelled:
      log(kFailed, error);
      return note(503, "The mail system is not available. Please try again later.");
    case Kind::already_exists:
    case Kind::not_permitted:
    case Kind::not_authenticated:
    case Kind::in_use:
    case Kind::over_quota:
    case Kind::too_large:
    case Kind::internal:
      break;
  }
  log(kFailed, error);
  return note(500, "Something went wrong here. The administrator finds the reason in the log.");
}

std::string local_minute(Timestamp at) {
  const std::time_t seconds = std::chrono::system_clock::to_time_t(std::chrono::floor<std::chrono::seconds>(at));
  return fmt::format("{:%Y-%m-%d %H:%M}", fmt::localtime(seconds));
}

/// Readable and harmless: UTF-8, escaped, controls as question marks, no more than the limit.
std::string shown(std::string_view octets) {
  const auto most = kQuarantineShown.most.size();
  const bool is_cut = octets.size() > most;
  std::string text = message::to_utf8(octets.substr(0, most));
  for (char& c : text)
    if (is_control(c) && c != '\n' && c != '\r' && c != '\t') c = '?';
  return html_escaped(text) + (is_cut ? "\n..." : "");
}

/// Writes of wrong tokens into the log, one a minute: whoever tries many must not fill the disk. Any thread.
class WrongTokens {
 public:
  void note(std::string_view client, std::string_view id) {
    std::int64_t before = 0;
    {
      const std::lock_guard lock{mutex_};
      const auto now = std::chrono::steady_clock::now();
      if (now < next_line_) {
        ++unnamed_;
        return;
      }
      next_line_ = now + std::chrono::minutes{1};
      before = std::exchange(unnamed_, 0);
    }
    log(kWrongToken, {{"client", client}, {"id", printable(id, 20)}, {"before", before}});
  }

 private:
  std::mutex mutex_;  // guards what follows
  std::chrono::steady_clock::time_point next_line_{};
  std::int64_t unnamed_ = 0;
};

/// A line of the header: no more than kQuarantineText.
std::string in_short(std::string_view text) { return shortened(message::to_utf8(text), kQuarantineText.most); }

class QuarantinePage {
 public:
  QuarantinePage(store::Store& store, filter::Releases& releases, const filter::QuarantineLinks& links)
      : store_{store}, releases_{releases}, links_{links} {}

  Reply answer(const Request& request) const {
    const bool is_form = request.method == "POST";
    const auto id_text = is_form ? request.in_form("id") : request.in_query("id");
    const auto token = is_form ? request.in_form("t") : request.in_query("t");
    const auto id = to_number(id_text);
    const auto owner = id && *id <= INT64_MAX ? links_.check(QuarantineId{static_cast<std::int64_t>(*id)}, token, now())
                                              : std::nullopt;
    if (!owner) {
      wrong_tokens_->note(request.client, id_text);
      return note(403, "This link is wrong or too old. The newest report has the links that work.");
    }
    const auto mail = store_.quarantine().get(QuarantineId{static_cast<std::int64_t>(*id)});
    if (!mail) return reply_for(mail.error());
    if (mail->account != *owner) return note(403, "This link is wrong.");
    if (!is_form) return view(*mail, token);
    if (request.in_form("act") == "release") return release(*mail, request);
    if (request.in_form("act") == "delete") return remove(*mail);
    return note(400, "Nothing is to be done with the message.");
  }

 private:
  Reply view(const store::Quarantined& mail, std::string_view token) const;
  Reply release(const store::Quarantined& mail, const Request& request) const {
    const auto released = releases_.release(mail.id, {.train = !request.in_form("train").empty(),
                                                      .whitelist = !request.in_form("whitelist").empty(),
                                                      .by = mail.user + " (link)"});
    if (!released) return reply_for(released.error());
    std::string text = "The message is in the inbox now";
    if (released->others > 0) text += fmt::format(", and so are {} more of its sender", released->others);
    text += ".";
    for (const std::string& undone : released->undone) text += " " + undone;
    return note(200, text);
  }
  Reply remove(const store::Quarantined& mail) const {
    const auto count = store_.quarantine().remove(std::array{mail.id});
    if (!count) return reply_for(count.error());
    if (*count == 0) return reply_for(error(Kind::not_found, "gone"));
    log(kDeleted, {{"id", mail.id}, {"user", mail.user}});
    return note(200, "The message is deleted.");
  }

  store::Store& store_;
  filter::Releases& releases_;
  const filter::QuarantineLinks& links_;
  std::shared_ptr<WrongTokens> wrong_tokens_ = std::make_shared<WrongTokens>();
};

Reply QuarantinePage::view(const store::Quarantined& mail, std::string_view token) const {
  std::string octets;
  const auto read = store_.messages().read_body(mail.body, {0}, {kReadMost}, [&](std::string_view piece) {
    octets += piece;
    return true;
  });
  if (!read) return reply_for(read.error());
  const auto parsed = message::parse(octets);
  const auto row = [](std::string_view name, std::string_view value) {
    return fmt::format("<tr><th>{}</th><td>{}</td></tr>\n", name, shown(value));
  };
  const std::string subject = mail.subject.empty() ? "(no subject)" : in_short(mail.subject);
  std::string body = "<h1>Quarantined message</h1>\n<table>\n";
  body += row("From", in_short(mail.from_name.empty() ? mail.sender : mail.from_name + " <" + mail.sender + ">"));
  body += row("Subject", subject);
  body += row("Sent to", join(mail.recipients, ", "));
  body += row("Quarantined", local_minute(mail.at));
  body += row("Score", fmt::format("{:g}", mail.score));
  body += row("Rules", mail.rules);
  body += row("Size", fmt::format("{} octets", mail.size.count));
  body += "</table>\n";
  const std::string hidden =
      fmt::format("<input type=\"hidden\" name=\"id\" value=\"{}\"><input type=\"hidden\" name=\"t\" value=\"{}\">\n",
                  number(mail.id), html_escaped(token));
  body += "<form method=\"post\" action=\"/quarantine\">\n" + hidden +
          "<p><label><input type=\"checkbox\" name=\"train\" value=\"1\" checked> Teach the filter that this is no "
          "spam</label></p>\n";
  if (!filter::objection_to_sender(mail.sender))
    body += "<p><label><input type=\"checkbox\" name=\"whitelist\" value=\"1\"> Always accept mail from " +
            shown(in_short(mail.sender)) + " and release what else came from there</label></p>\n";
  body +=
      "<p><button name=\"act\" value=\"release\">Release to the inbox</button>\n"
      "<button name=\"act\" value=\"delete\">Delete</button></p></form>\n";
  body += "<h2>Text</h2>\n<pre>" + shown(message::readable_text(parsed, kQuarantineShown.most.size() + 1)) + "</pre>\n";
  body += "<h2>Header</h2>\n<pre>" + shown(mail.prefix) + shown(parsed.header()) + "</pre>\n";
  return document(200, subject, body);
}

}  // namespace

Page quarantine_page(store::Store& store, filter::Releases& releases, const filter::QuarantineLinks& links) {
  return {.path = "/quarantine",
          .audience = Audience::everybody,
          .takes_forms = true,
          .answer = [page = QuarantinePage{store, releases, links}](const Request& request) {
            return page.answer(request);
          }};
}

}  // namespace pennypost::http
