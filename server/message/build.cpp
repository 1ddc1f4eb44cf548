// Building of messages: fields, text mails, delivery reports (RFC 5322, RFC 2045 to 2047, RFC 3464, RFC 3834, RFC
// 6533). Whatever the callers put in, no value can begin a new field: line ends and NUL become spaces.
#include "server/message/build.h"

#include <algorithm>
#include <random>

#include <fmt/format.h>

#include "server/message/charset.h"
#include "server/message/encoded_words.h"
#include "server/message/header.h"
#include "server/message/message_ids.h"
#include "server/message/transfer.h"

namespace pennypost::message {
namespace {

constexpr std::size_t kLine = 78;  // RFC 5322 2.1.1
constexpr std::size_t kLongestLine = 998;

std::string one_line(std::string_view text) {
  std::string out{text};
  for (char& c : out) {
    if (c == '\r' || c == '\n' || c == '\0') c = ' ';
  }
  return out;
}

/// Lines that end with CR LF, whatever they ended with; the last one too.
std::string with_crlf(std::string_view text) {
  std::string out;
  out.reserve(text.size() + text.size() / 32 + 2);
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '\r' && i + 1 < text.size() && text[i + 1] == '\n') continue;
    if (text[i] == '\n' || text[i] == '\r') {
      out += "\r\n";
    } else {
      out += text[i];
    }
  }
  if (!out.empty() && !out.ends_with('\n')) out += "\r\n";
  return out;
}

bool has_long_line(std::string_view text) {
  for (std::size_t i = 0; i < text.size();) {
    const std::size_t end = std::min(text.find('\n', i), text.size());
    if (end - i > kLongestLine) return true;
    i = end + 1;
  }
  return false;
}

/// The MIME fields of a text and, behind an empty line, the text itself.
std::string text_part(std::string_view utf8, std::string_view subtype = "plain") {
  const std::string text = with_crlf(to_utf8(utf8));
  std::string out = fmt::format("Content-Type: text/{}; charset=utf-8\r\nContent-Transfer-Encoding: ", subtype);
  if (is_ascii(text) && !has_long_line(text) && text.find('\0') == std::string::npos)
    return out += "7bit\r\n\r\n" + text;
  const auto far = static_cast<std::size_t>(
      std::ranges::count_if(text, [](char c) { return static_cast<unsigned char>(c) >= 128; }));
  if (far * 6 > text.size()) return out += "base64\r\n\r\n" + encode_base64(text);
  return out += "quoted-printable\r\n\r\n" + encode_quoted_printable(text);
}

std::string domain_of(const Address& address) { return is_ascii(address.domain) ? address.domain : std::string{}; }

/// The fields that each of our mails begins with.
std::string first_fields(const Address& from, const std::vector<Address>& to, std::string_view subject,
                         const std::string& id, Timestamp at, int zone_minutes) {
  std::string out = field("Date", format_date(at, zone_minutes));
  out += address_field("From", {from});
  if (!to.empty()) out += address_field("To", to);
  out += text_field("Subject", subject);
  out += field("Message-ID", id.empty() ? new_message_id(domain_of(from)) : id);
  out += "MIME-Version: 1.0\r\n";
  return out;
}

std::string bracketed(std::string_view ip) {
  std::string out = "[";
  if (ip.find(':') != std::string_view::npos) out += "IPv6:";
  return out.append(ip).append("]");
}

/// "rfc822; a@b", or as RFC 6533 section 3 has it for others than ASCII.
std::string typed_address(std::string_view address) {
  return (is_ascii(address) ? "rfc822; " : "utf-8; ") + std::string{address};
}

/// message/delivery-status: one group of fields for the message, one for each recipient (RFC 3464 2.2 and 2.3).
std::string status_fields(const Report& report) {
  std::string out;
  if (!report.envelope_id.empty()) out += field("Original-Envelope-Id", report.envelope_id);
  out += field("Reporting-MTA", "dns; " + report.reporting_mta);
  if (report.arrival) out += field("Arrival-Date", format_date(*report.arrival, report.zone_minutes));
  for (const ReportedRecipient& recipient : report.recipients) {
    out += "\r\n";
    if (!recipient.original.empty()) {
      const std::size_t semicolon = recipient.original.find(';');
      const bool typed = semicolon != std::string::npos && semicolon < recipient.original.find('@');
      out += field("Original-Recipient", typed ? recipient.original : typed_address(recipient.original));
    }
    out += field("Final-Recipient", typed_address(recipient.final_address));
    out += field("Action", recipient.action);
    out += field("Status", recipient.status);
    if (!recipient.remote_mta.empty()) out += field("Remote-MTA", "dns; " + recipient.remote_mta);
    if (!recipient.diagnostic.empty()) out += field("Diagnostic-Code", "smtp; " + recipient.diagnostic);
    if (recipient.last_attempt)
      out += field("Last-Attempt-Date", format_date(*recipient.last_attempt, report.zone_minutes));
    if (recipient.will_retry_until)
      out += field("Will-Retry-Until", format_date(*recipient.will_retry_until, report.zone_minutes));
  }
  return out;
}

const char* encoding_of(std::string_view octets) { return is_ascii(octets) ? "7bit" : "8bit"; }

}  // namespace

std::string field(std::string_view name, std::string_view value) {
  const std::string text = one_line(value);
  std::string out{name};
  out += ": ";
  std::size_t column = out.size();
  for (std::size_t i = 0; i < text.size();) {
    const std::size_t word = std::min(text.find_first_not_of(' ', i), text.size());
    const std::size_t end = std::min(text.find(' ', word), text.size());
    if (word == text.size()) break;  // nothing but spaces at the end
    if (i > 0 && column + (end - i) > kLine) {
      out += "\r\n";
      column = 0;
    }
    if (i > 0) out.append(text, i, word - i);
    out.append(text, word, end - word);
    column += end - (i > 0 ? i : word);
    i = end;
  }
  return out += "\r\n";
}

std::string text_field(std::string_view name, std::string_view utf8) {
  std::string out{name};
  out += ": ";
  return out += encode_text(utf8, out.size()) + "\r\n";
}

std::string address_field(std::string_view name, const std::vector<Address>& list) {
  std::string out{name};
  out += ':';
  std::size_t column = out.size();
  bool first = true;
  for (const Address& address : list) {
    const std::string spec = one_line(addr_spec(address));
    std::string piece = address.name.empty() ? spec : encode_phrase(address.name) + " <" + spec + ">";
    if (spec.empty()) piece = address.name.empty() ? "<>" : encode_phrase(address.name) + " <>";
    if (!first) {
      out += ',';
      if (column + piece.size() + 2 > kLine) {
        out += "\r\n";
        column = 0;
      }
    }
    first = false;
    out += ' ';
    out += piece;
    const std::size_t fold = piece.rfind('\n');
    column = fold == std::string::npos ? column + piece.size() + 2 : piece.size() - fold;
  }
  return out += "\r\n";
}

std::string new_boundary(std::string_view inside) {
  thread_local std::random_device random;
  for (;;) {
    std::string boundary =
        fmt::format("=_{:08x}{:08x}{:08x}", random(), random(), random());  // "=_" is in no base64 or QP
    if (inside.find("--" + boundary) == std::string_view::npos) return boundary;
  }
}

std::string received_field(const Received& received) {
  std::string out;
  const auto add = [&out](std::string_view word, std::string_view value) {
    if (!value.empty()) out.append(out.empty() ? "" : " ").append(word).append(" ").append(value);
  };
  const auto place = [](const std::string& host, const std::string& address, const std::string& software) {
    std::string comment = host;
    if (!address.empty()) comment += (comment.empty() ? "" : " ") + bracketed(address);
    if (!software.empty()) comment += (comment.empty() ? "running " : " running ") + software;
    return comment.empty() ? comment : " (" + comment + ")";
  };
  add("from", received.from);
  out += place(received.from_host, received.from_address, {});
  add("by", received.by);
  out += place({}, received.by_address, received.software);
  add("with", received.with);
  if (!received.tls.empty()) out += " (" + received.tls + ")";
  add("id", received.id);
  if (!received.for_address.empty()) add("for", "<" + received.for_address + ">");
  return field("Received", out + "; " + format_date(received.at, received.zone_minutes));
}

std::string return_path_field(std::string_view path) { return "Return-Path: <" + one_line(path) + ">\r\n"; }

std::string build(const TextMail& mail) {
  std::string out = first_fields(mail.from, mail.to, mail.subject, mail.message_id, mail.at, mail.zone_minutes);
  for (const std::string& more : mail.fields) out += more;
  const std::string plain = text_part(mail.text);
  if (mail.html.empty()) return out += plain;
  const std::string html = text_part(mail.html, "html");
  const std::string boundary = new_boundary(plain + html);
  out += "Content-Type: multipart/alternative;\r\n boundary=\"" + boundary + "\"\r\n\r\n";
  for (const std::string* part : {&plain, &html}) out.append("--" + boundary + "\r\n").append(*part).append("\r\n");
  return out += "--" + boundary + "--\r\n";
}

std::string build(const Report& report) {
  const std::string_view original =
      report.returned == ReturnContent::full ? report.original : header_block(report.original);
  const std::string status = status_fields(report);
  const std::string text = text_part(report.text);
  const std::string boundary = new_boundary(original);
  const bool utf8_addresses = !is_ascii(status);

  std::string out =
      first_fields(report.from, {report.to}, report.subject, report.message_id, report.at, report.zone_minutes);
  out.reserve(out.size() + text.size() + status.size() + original.size() + 1024);
  out += "Auto-Submitted: auto-replied\r\n";
  out += "Content-Type: multipart/report; report-type=delivery-status;\r\n boundary=\"" + boundary + "\"\r\n\r\n";
  out += "This is a delivery report in MIME format.\r\n";
  const auto begin_part = [&](std::string_view fields) {
    out.append("\r\n--").append(boundary).append("\r\n").append(fields);
  };
  begin_part(text);
  begin_part(fmt::format("Content-Type: message/{}delivery-status\r\nContent-Transfer-Encoding: {}\r\n\r\n",
                         utf8_addresses ? "global-" : "", encoding_of(status)));
  out += status;
  if (!original.empty()) {
    const bool full = report.returned == ReturnContent::full;
    begin_part(fmt::format("Content-Type: {}\r\nContent-Transfer-Encoding: {}\r\n\r\n",
                           full ? "message/rfc822" : "text/rfc822-headers", encoding_of(original)));
    out += original;
  }
  return out += "\r\n--" + boundary + "--\r\n";
}

}  // namespace pennypost::message
