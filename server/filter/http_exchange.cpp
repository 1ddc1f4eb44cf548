// Sending of a request and reading of its answer (RFC 9112). Needs a connection with deadlines. The connection serves
// one request ("Connection: close"), so that no octet of one answer can be taken for another. An answer that ends
// before it is whole is an error: half a page is no page.
#include "server/filter/http_exchange.h"

#include <charconv>

#include <fmt/format.h>

#include "server/base/limits.h"
#include "server/base/text.h"

namespace pennypost::filter {
namespace {

constexpr Seconds kLong{86'400};  // the deadline of the connection comes first

Error no_http(std::string_view why) { return error(Kind::bad_input, "no HTTP answer: " + std::string{why}); }

struct Head {
  HttpAnswer answer;
  std::optional<std::uint64_t> length;
  bool is_chunked = false;
};

Result<void> read_field(std::string_view line, Head& into) {
  const auto [name, rest] = cut(line, ':');
  const std::string_view value = trim(rest);
  if (same_word(name, "Location") && into.answer.location.empty()) {
    into.answer.location = value;
  } else if (same_word(name, "Content-Length")) {
    const auto length = to_number(value);
    if (!is_number(value) || !length || (into.length && *into.length != *length)) return no_http("two lengths");
    into.length = length;
  } else if (same_word(name, "Transfer-Encoding")) {
    if (into.is_chunked || !same_word(value, "chunked")) return no_http("transfer coding " + printable(value));
    into.is_chunked = true;
  }
  return {};
}

// "HTTP/1.1 200 OK"; 0 for what is none.
int status_of(std::string_view line) {
  if (!line.starts_with("HTTP/1.") || line.size() < 12 || !is_digit(line[7]) || line[8] != ' ') return 0;
  if (line.size() > 12 && line[12] != ' ') return 0;
  const auto status = to_number32(line.substr(9, 3));
  return is_number(line.substr(9, 3)) && status && *status >= 100 ? static_cast<int>(*status) : 0;
}

// One head; `room` is what all heads of this answer may still take.
Result<Head> read_head(net::Connection& connection, Octets& room) {
  Head head;
  std::string field;  // a field may go on on lines that begin with a blank (RFC 9112 5.2)
  for (bool is_first = true;; is_first = false) {
    const auto line = connection.read_line(room, kLong);
    if (!line && line.error().kind == Kind::too_large) return passed(kWebHead, "the header of the answer is too long");
    if (!line) return line.error();
    room = room - Octets{std::min(static_cast<std::int64_t>(line->size()) + 2, room.count)};
    if (is_first) {
      head.answer.status = status_of(*line);
      if (head.answer.status == 0) return no_http(printable(*line, 80));
      head.answer.head = *line;
      continue;
    }
    const bool goes_on = !line->empty() && is_blank(line->front());
    if (goes_on) {
      field += *line;
      continue;
    }
    if (!field.empty()) {
      if (auto read = read_field(field, head); !read) return std::move(read).error();
      (head.answer.head += '\n') += field;
    }
    if (line->empty()) return head;
    field = *line;
  }
}

// Up to `count` octets of the content, or to its end when none is given; into.size() never passes `most`.
Result<void> read_content(net::Connection& connection, std::optional<std::uint64_t> count, std::size_t most,
                          std::string& into) {
  while (into.size() < most && (!count || *count > 0)) {
    const auto some = connection.read_some(kLong);
    if (!some && !count && connection.ended() == net::Ended::by_peer) return {};
    if (!some) return some.error();
    std::string_view part = some->substr(0, most - into.size());
    if (count) {
      part = part.substr(0, *count);
      *count -= part.size();
    }
    into += part;
    connection.consume(part.size());
  }
  return {};
}

// RFC 9112 7.1. What stands behind the last chunk is not read.
Result<void> read_chunks(net::Connection& connection, std::size_t most, std::string& into) {
  while (into.size() < most) {
    const auto line = connection.read_line(kWebChunkLine.most, kLong);
    if (!line && line.error().kind == Kind::too_large) return passed(kWebChunkLine, "a line too long between chunks");
    if (!line) return line.error();
    const auto digits = trim(cut(*line, ';').first);
    std::uint64_t size = 0;
    const auto [end, problem] = std::from_chars(digits.data(), digits.data() + digits.size(), size, 16);
    if (digits.empty() || problem != std::errc{} || end != digits.data() + digits.size()) return no_http("a chunk");
    if (size == 0) return {};
    if (auto read = read_content(connection, size, most, into); !read) return read;
    if (into.size() >= most) return {};
    const auto gap = connection.read_line({0}, kLong);
    if (!gap && gap.error().kind == Kind::too_large) return no_http("a chunk");
    if (!gap) return gap.error();
  }
  return {};
}

}  // namespace

bool HttpAnswer::is_redirect() const {
  return !location.empty() && (status == 301 || status == 302 || status == 303 || status == 307 || status == 308);
}

Result<HttpAnswer> exchange(net::Connection& connection, const HttpAsk& ask, Octets most) {
  std::string request = fmt::format("{} {} HTTP/1.1\r\nHost: {}\r\n{}", ask.method, ask.target, ask.host, ask.fields);
  if (ask.form)
    request +=
        fmt::format("Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {}\r\n", ask.form->size());
  const bool is_tunnel = ask.method == "CONNECT";
  if (!is_tunnel) request += "Accept: */*\r\nAccept-Encoding: identity\r\nConnection: close\r\n";
  connection.set_line_ends(net::LineEnds::lenient);
  connection.write(request + "User-Agent: Pennypost\r\n\r\n");
  if (ask.form) connection.write(*ask.form);
  if (auto sent = connection.flush(); !sent) return std::move(sent).error();

  Octets room = kWebHead.most;
  auto head = read_head(connection, room);
  while (head && head->answer.status < 200 && head->answer.status != 101) head = read_head(connection, room);
  if (!head) return std::move(head).error();
  HttpAnswer answer = std::move(head->answer);
  if (answer.status == 101) return no_http("another protocol, which nobody asked for");
  if (is_tunnel || answer.is_redirect() || answer.status == 204 || answer.status == 304) return answer;
  const auto read = head->is_chunked ? read_chunks(connection, most.size(), answer.content)
                                     : read_content(connection, head->length, most.size(), answer.content);
  if (!read) return read.error();
  return answer;
}

}  // namespace pennypost::filter
