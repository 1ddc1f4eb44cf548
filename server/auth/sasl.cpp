// The table of mechanisms and the exchange of base64 lines (RFC 4422, RFC 4954 section 4, RFC 5034, RFC 4959).
// A line beyond the limit, an unknown mechanism or a line that is not base64 ends the attempt, not the session.
#include "server/auth/sasl.h"

#include <algorithm>

#include <fmt/format.h>

#include "server/auth/sasl_mechanisms.h"
#include "server/base/limits.h"
#include "server/base/random.h"
#include "server/base/text.h"

namespace pennypost::auth {
namespace {

std::string random_challenge() { return fmt::format("<{}@pennypost>", hex_encode(random_octets(12))); }

}  // namespace

const std::vector<MechanismRow>& mechanisms() {
  static const std::vector<MechanismRow> rows{
      {.name = "LOGIN", .shows_password = true, .needs_recoverable = false, .needs_channel = false, .make = make_login},
      {.name = "CRAM-MD5",
       .shows_password = false,
       .needs_recoverable = true,
       .needs_channel = false,
       .make = make_cram_md5},
      {.name = "PLAIN", .shows_password = true, .needs_recoverable = false, .needs_channel = false, .make = make_plain},
      {.name = "SCRAM-SHA-256",
       .shows_password = false,
       .needs_recoverable = false,
       .needs_channel = false,
       .make = make_scram_sha_256},
      {.name = "SCRAM-SHA-256-PLUS",
       .shows_password = false,
       .needs_recoverable = false,
       .needs_channel = true,
       .make = make_scram_sha_256_plus}};
  return rows;
}

bool is_offered(const MechanismRow& row, const SaslConditions& now) {
  if (row.shows_password && now.passwords_need_encryption && !now.is_encrypted) return false;
  if (row.needs_recoverable && !now.has_recoverable) return false;
  return !row.needs_channel || now.has_channel_binding;
}

std::vector<std::string_view> offered(const SaslConditions& conditions) {
  std::vector<std::string_view> out;
  for (const MechanismRow& row : mechanisms()) {
    if (is_offered(row, conditions)) out.push_back(row.name);
  }
  return out;
}

SaslExchange::SaslExchange(SaslContext context, SaslConditions conditions)
    : context_{std::move(context)}, conditions_{conditions} {
  if (context_.challenge.empty()) context_.challenge = random_challenge();
  if (!conditions_.has_channel_binding) context_.channel_binding = {};
}

SaslExchange::~SaslExchange() = default;

SaslExchange::Outcome SaslExchange::begin(std::string_view mechanism, std::optional<std::string_view> initial) {
  const std::string wanted = to_lower(mechanism);
  const auto& rows = mechanisms();
  const auto row = std::ranges::find_if(rows, [&](const MechanismRow& r) { return to_lower(r.name) == wanted; });
  if (row == rows.end()) return error(Kind::not_found, "Unrecognised authentication mechanism");
  if (!is_offered(*row, conditions_)) {
    if (row->shows_password && conditions_.passwords_need_encryption && !conditions_.is_encrypted) {
      return error(Kind::not_permitted, "Encryption required for this authentication mechanism");
    }
    return error(Kind::not_found, "Unrecognised authentication mechanism", "mechanism not available here");
  }
  mechanism_ = row->make(context_);
  if (!initial) return step(std::nullopt);
  if (*initial == "=") return step("");
  return answer(*initial);
}

SaslExchange::Outcome SaslExchange::answer(std::string_view line) {
  if (line == "*") return Cancelled{};
  if (line.size() > kSaslLine.most.size()) return passed(kSaslLine, "Authentication response too long");
  const auto octets = base64_decode(line);
  if (!octets) return error(Kind::bad_input, "Invalid base64 data in authentication response");
  return step(*octets);
}

SaslExchange::Outcome SaslExchange::step(std::optional<std::string_view> response) {
  Step next = mechanism_->step(response);
  if (auto* challenge = std::get_if<Challenge>(&next)) return More{base64_encode(challenge->text)};
  if (auto* who = std::get_if<Identity>(&next)) return std::move(*who);
  return std::get<Error>(std::move(next));
}

}  // namespace pennypost::auth
