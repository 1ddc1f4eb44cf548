// Reading of URLs (RFC 3986; RFC 9110 4.2). Needs nothing. Where programs are known to disagree about what a URL means
// (userinfo, backslashes, numbers as hosts), the doubtful form is refused.
#include "server/filter/url.h"

#include <algorithm>
#include <array>

#include <arpa/inet.h>
#include <fmt/format.h>

#include "server/base/limits.h"
#include "server/base/text.h"
#include "server/dns/name.h"

namespace pennypost::filter {
namespace {

using Poco::Net::IPAddress;

Error no_url(std::string_view why) { return error(Kind::bad_input, "not a usable URL: " + std::string{why}); }

int hex_value(char c) {
  const char lower = ascii_lower(c);
  if (is_digit(c)) return c - '0';
  return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

std::string percent_decoded(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '%' && i + 2 < text.size() && hex_value(text[i + 1]) >= 0 && hex_value(text[i + 2]) >= 0) {
      out += static_cast<char>(hex_value(text[i + 1]) * 16 + hex_value(text[i + 2]));
      i += 2;
    } else {
      out += text[i];
    }
  }
  return out;
}

// Path and query for a request line. Scripts build URLs of texts from mail: blanks, line ends and other characters that
// would break the line are encoded, percent signs stay as they are.
std::string as_target(std::string_view text) {
  std::string out;
  if (!text.starts_with('/')) out = "/";
  for (const char c : text) {
    if (c > ' ' && c < 127 && std::string_view{"\"<>\\^`{|}"}.find(c) == std::string_view::npos) {
      out += c;
    } else {
      out += fmt::format("%{:02X}", static_cast<unsigned char>(c));
    }
  }
  return out;
}

// "http" of "http:...": letters, digits, "+", "-" and "." before the first colon (RFC 3986 3.1).
std::optional<std::string_view> scheme_of(std::string_view text) {
  const auto colon = text.find(':');
  if (colon == std::string_view::npos || colon == 0 || !is_letter(text.front())) return std::nullopt;
  const auto word = text.substr(0, colon);
  if (!std::ranges::all_of(word, [](char c) { return is_letter_or_digit(c) || c == '+' || c == '-' || c == '.'; }))
    return std::nullopt;
  return word;
}

// RFC 3986 5.2.4, on a path that begins with "/".
std::string without_dots(std::string_view path) {
  std::vector<std::string_view> kept;
  const auto segments = split(path.substr(1), '/');
  for (std::size_t i = 0; i < segments.size(); ++i) {
    const bool is_last = i + 1 == segments.size();
    if (segments[i] == "..") {
      if (!kept.empty()) kept.pop_back();
    } else if (segments[i] != ".") {
      kept.push_back(segments[i]);
      continue;
    }
    if (is_last) kept.emplace_back();
  }
  std::string out;
  for (const auto segment : kept) (out += '/') += segment;
  return out.empty() ? "/" : out;
}

bool is_dotted_quad(std::string_view text) {
  const auto parts = split(text, '.');
  return parts.size() == 4 && std::ranges::all_of(parts, [](std::string_view part) {
           const auto number = to_number32(part);
           return is_number(part) && part.size() <= 3 && number && *number <= 255 &&
                  (part.size() == 1 || part.front() != '0');  // 010 is 8 or 10
         });
}

// A name whose last label is a number is an address to some programs (inet_aton) and a name to others.
bool ends_in_number(std::string_view host) {
  const auto last = host.substr(host.rfind('.') + 1);  // npos + 1 = 0
  return is_number(last) || starts_with_word(last, "0x");
}

Result<void> read_host(std::string_view text, Url& into) {
  if (text.starts_with('[')) {
    if (!text.ends_with(']') || text.find('%') != std::string_view::npos) return no_url("no IPv6 address in brackets");
    IPAddress address;
    if (!IPAddress::tryParse(std::string{text.substr(1, text.size() - 2)}, address) ||
        address.family() != IPAddress::IPv6)
      return no_url("no IPv6 address in brackets");
    into.address = address;
    std::array<char, INET6_ADDRSTRLEN> text6{};  // the library prints ::2 as what it does not read
    ::inet_ntop(AF_INET6, address.addr(), text6.data(), text6.size());
    into.host = text6.data();
    return {};
  }
  if (text.ends_with('.')) text.remove_suffix(1);
  const auto name = dns::query_name(text);  // full-width digits and dots become plain ones here
  if (text.empty() || !name) return no_url("the host has no usable name");
  if (!std::ranges::all_of(*name, [](char c) { return is_letter_or_digit(c) || c == '-' || c == '.' || c == '_'; }))
    return no_url("the host has no usable name");
  into.host = *name;
  if (!ends_in_number(*name)) return {};
  IPAddress address;
  if (!is_dotted_quad(*name) || !IPAddress::tryParse(*name, address))
    return no_url("the host is neither a name nor an address of four decimal numbers");
  into.address = address;
  return {};
}

}  // namespace

Result<Url> Url::parse(std::string_view text) {
  if (text.size() > kWebUrl.most.size()) return passed(kWebUrl, "the URL is too long");
  const auto scheme = scheme_of(text);
  Url url;
  url.is_https = scheme && same_word(*scheme, "https");
  if (!url.is_https && (!scheme || !same_word(*scheme, "http"))) return no_url("neither http nor https");
  url.port = url.is_https ? 443 : 80;
  text.remove_prefix(scheme->size() + 1);
  if (!text.starts_with("//")) return no_url("no host");
  text.remove_prefix(2);
  text = text.substr(0, text.find('#'));
  const auto end = std::min(text.find_first_of("/?"), text.size());
  std::string_view authority = text.substr(0, end);
  url.target = as_target(text.substr(end));
  if (std::ranges::any_of(authority, [](char c) { return is_control(c) || is_space(c) || c == '\\'; }))
    return no_url("a character before the path that has no place there");
  if (const auto at = authority.rfind('@'); at != std::string_view::npos) {
    url.user = percent_decoded(authority.substr(0, at));
    authority.remove_prefix(at + 1);
  }
  const auto bracket = authority.rfind(']');
  const auto colon = authority.rfind(':');
  if (colon != std::string_view::npos && (bracket == std::string_view::npos || colon > bracket)) {
    const auto digits = authority.substr(colon + 1);
    if (!digits.empty()) {
      const auto port = to_number32(digits);
      if (!is_number(digits) || !port || *port == 0 || *port > 65535) return no_url("no port");
      url.port = static_cast<std::uint16_t>(*port);
    }
    authority = authority.substr(0, colon);
  }
  if (auto read = read_host(authority, url); !read) return std::move(read).error();
  return url;
}

Result<Url> Url::resolve(std::string_view reference) const {
  reference = reference.substr(0, reference.find('#'));
  if (reference.size() > kWebUrl.most.size()) return passed(kWebUrl, "the URL is too long");
  Url url = *this;
  if (scheme_of(reference) || reference.starts_with("//")) {
    auto parsed =
        parse(scheme_of(reference) ? std::string{reference} : (is_https ? "https:" : "http:") + std::string{reference});
    if (!parsed) return parsed;
    url = *std::move(parsed);
    url.user = url.is_https == is_https && url.host == host && url.port == port ? user : std::string{};
    return url;
  }
  if (reference.empty()) return url;
  const std::string_view path = std::string_view{target}.substr(0, target.find('?'));
  if (reference.starts_with('?')) {
    url.target = as_target(std::string{path} + std::string{reference});
    return url;
  }
  std::string whole{reference};
  if (!reference.starts_with('/')) whole = std::string{path.substr(0, path.rfind('/') + 1)} + whole;
  const auto query = std::min(whole.find('?'), whole.size());
  url.target = as_target(without_dots(std::string_view{whole}.substr(0, query)) + whole.substr(query));
  if (url.target.size() > kWebUrl.most.size()) return passed(kWebUrl, "the URL is too long");
  return url;
}

std::string Url::authority() const {
  std::string out = address && address->family() == IPAddress::IPv6 ? "[" + host + "]" : host;
  if (port != (is_https ? 443 : 80)) out += ":" + std::to_string(port);
  return out;
}

std::string Url::text() const { return (is_https ? "https://" : "http://") + authority() + target; }

}  // namespace pennypost::filter
