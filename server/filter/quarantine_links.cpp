// Tokens of quarantine links: 4 octets of account, 8 of time, 16 of keyed BLAKE2b (libsodium: crypto_generichash), in
// base64 for URLs. The account stands in the token, so that it is checked without the database: a message that is gone
// is told from a token that is wrong.
#include "server/filter/quarantine_links.h"

#include <algorithm>
#include <cstdlib>

#include <sodium.h>

#include "server/base/text.h"

namespace pennypost::filter {
namespace {

constexpr std::size_t kHashOctets = 16;
constexpr std::size_t kClaimOctets = 4 + 8;
constexpr std::size_t kTokenChars = 38;  // of 28 octets, without padding

void put(std::string& out, std::uint64_t value, int octets) {
  for (int shift = 8 * (octets - 1); shift >= 0; shift -= 8) out += static_cast<char>((value >> shift) & 0xFF);
}

std::uint64_t take(std::string_view octets) {
  std::uint64_t value = 0;
  for (const char c : octets) value = (value << 8) | static_cast<unsigned char>(c);
  return value;
}

const unsigned char* bytes(std::string_view text) { return reinterpret_cast<const unsigned char*>(text.data()); }

std::string hash_of(std::string_view key, QuarantineId id, std::string_view claims) {
  std::string text = "quarantine link";
  put(text, static_cast<std::uint64_t>(number(id)), 8);
  text += claims;
  unsigned char out[kHashOctets];
  if (crypto_generichash(out, sizeof out, bytes(text), text.size(), bytes(key), key.size()) != 0) std::abort();
  return {reinterpret_cast<const char*>(out), sizeof out};
}

}  // namespace

std::string QuarantineLinks::token(QuarantineId id, AccountId account, Timestamp expires) const {
  std::string octets;
  put(octets, static_cast<std::uint32_t>(number(account)), 4);
  put(octets, static_cast<std::uint64_t>(std::chrono::floor<std::chrono::seconds>(expires).time_since_epoch().count()),
      8);
  octets += hash_of(key_, id, octets);
  std::string text = base64_encode(octets);
  while (text.ends_with('=')) text.pop_back();
  std::ranges::replace(text, '+', '-');
  std::ranges::replace(text, '/', '_');
  return text;
}

std::optional<AccountId> QuarantineLinks::check(QuarantineId id, std::string_view token, Timestamp now) const {
  if (token.size() != kTokenChars || token.find_first_of("+/=") != std::string_view::npos) return std::nullopt;
  std::string text{token};
  std::ranges::replace(text, '-', '+');
  std::ranges::replace(text, '_', '/');
  const auto octets = base64_decode(text + "==");
  if (!octets || octets->size() != kClaimOctets + kHashOctets) return std::nullopt;
  const std::string_view claims = std::string_view{*octets}.substr(0, kClaimOctets);
  if (!same_secret(std::string_view{*octets}.substr(kClaimOctets), hash_of(key_, id, claims))) return std::nullopt;
  const auto until = Timestamp{std::chrono::seconds{static_cast<std::int64_t>(take(claims.substr(4)))}};
  if (now >= until) return std::nullopt;
  return static_cast<AccountId>(static_cast<std::int32_t>(take(claims.substr(0, 4))));
}

std::string QuarantineLinks::url(std::string_view web, QuarantineId id, AccountId account, Timestamp expires) const {
  std::string out{web};
  while (out.ends_with('/')) out.pop_back();
  return out + "/quarantine?id=" + std::to_string(number(id)) + "&t=" + token(id, account, expires);
}

}  // namespace pennypost::filter
