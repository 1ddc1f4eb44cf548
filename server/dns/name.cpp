// Names of the DNS (RFC 1035 2.3, RFC 5890, UTS 46, RFC 5782). Needs ICU for internationalized names; a name that
// cannot be asked for is `bad_input`.
#include "server/dns/name.h"

#include <algorithm>
#include <memory>

#include <unicode/idna.h>

#include "server/base/text.h"
#include "server/net/addresses.h"

namespace pennypost::dns {
namespace {

constexpr std::size_t kLongestName = 253;
constexpr std::size_t kLongestLabel = 63;

const icu::IDNA* idna() {
  static const std::unique_ptr<icu::IDNA> one = [] {
    UErrorCode status = U_ZERO_ERROR;
    return std::unique_ptr<icu::IDNA>{icu::IDNA::createUTS46Instance(
        UIDNA_NONTRANSITIONAL_TO_ASCII | UIDNA_NONTRANSITIONAL_TO_UNICODE | UIDNA_CHECK_BIDI | UIDNA_CHECK_CONTEXTJ,
        status)};
  }();
  return one.get();
}

Result<std::string> to_ascii(std::string_view name) {
  if (is_ascii(name)) return to_lower(name);
  if (idna() == nullptr) return error(Kind::internal, "no IDNA data");
  std::string out;
  icu::StringByteSink<std::string> sink{&out};
  icu::IDNAInfo info;
  UErrorCode status = U_ZERO_ERROR;
  idna()->nameToASCII_UTF8(icu::StringPiece{name.data(), static_cast<std::int32_t>(name.size())}, sink, info, status);
  if (U_FAILURE(status) || info.hasErrors()) return error(Kind::bad_input, "not a domain name: " + printable(name));
  return to_lower(out);
}

std::string nibbles(const Poco::Net::IPAddress& address) {
  const std::string octets{static_cast<const char*>(address.addr()), address.length()};
  std::string out;
  if (octets.size() == 4) {
    for (std::size_t i = 4; i-- > 0;) out += std::to_string(static_cast<unsigned char>(octets[i])) + ".";
  } else {
    const std::string hex = hex_encode(octets);
    for (std::size_t i = hex.size(); i-- > 0;) {
      out += hex[i];
      out += '.';
    }
  }
  return out;
}

}  // namespace

Result<std::string> query_name(std::string_view name) {
  const auto bad = [&](const char* why) {
    return error(Kind::bad_input, "not a domain name (" + std::string{why} + "): " + printable(name));
  };
  if (name.size() > 4 * kLongestName) return bad("too long");
  auto ascii = to_ascii(name);
  if (!ascii) return ascii;
  if (ascii->ends_with('.')) ascii->pop_back();
  if (ascii->empty()) return bad("empty");
  if (ascii->size() > kLongestName) return bad("too long");
  for (const std::string_view label : split(*ascii, '.')) {
    if (label.empty()) return bad("empty label");
    if (label.size() > kLongestLabel) return bad("label too long");
    if (std::ranges::any_of(label, [](char c) { return c <= ' ' || c == '\\' || is_control(c); }))
      return bad("character");
  }
  return ascii;
}

std::string display_name(std::string_view name) {
  if (find_word(name, "xn--") == std::string_view::npos || name.size() > kLongestName || idna() == nullptr)
    return std::string{name};
  std::string out;
  icu::StringByteSink<std::string> sink{&out};
  icu::IDNAInfo info;
  UErrorCode status = U_ZERO_ERROR;
  idna()->nameToUnicodeUTF8(icu::StringPiece{name.data(), static_cast<std::int32_t>(name.size())}, sink, info, status);
  return U_FAILURE(status) || info.hasErrors() ? std::string{name} : out;
}

bool is_host_name(std::string_view name) {
  if (name.ends_with('.')) name.remove_suffix(1);
  if (name.empty() || name.size() > kLongestName) return false;
  std::string_view last;
  for (const std::string_view label : split(name, '.')) {
    if (label.empty() || label.size() > kLongestLabel || label.front() == '-' || label.back() == '-') return false;
    if (!std::ranges::all_of(label, [](char c) { return is_letter_or_digit(c) || c == '-'; })) return false;
    last = label;
  }
  return !is_number(last);  // RFC 1123 2.1: else it could be an address
}

std::string reverse_name(const Poco::Net::IPAddress& address) {
  const auto plain = net::unmapped(address);
  return nibbles(plain) + (plain.family() == Poco::Net::IPAddress::IPv6 ? "ip6.arpa" : "in-addr.arpa");
}

std::string block_list_name(const Poco::Net::IPAddress& address, std::string_view zone) {
  return nibbles(net::unmapped(address)) + std::string{zone};
}

}  // namespace pennypost::dns
