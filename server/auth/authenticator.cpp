// Proof of identity (spec 50 section 1.5, spec 40 section 10). Needs the accounts, the hasher, the key file and the
// guard. When something is out of order the answer is "unavailable", which no guard counts; whatever else is wrong has
// one answer and, for plain passwords, one cost.
#include "server/auth/authenticator.h"

#include "server/auth/digests.h"
#include "server/base/log.h"
#include "server/base/random.h"
#include "server/base/text.h"

namespace pennypost::auth {
namespace {

// The proposed form of the security log (spec 40 section 10.6): service, user, address, reason.
constexpr LogEvent kLoginFailed{"auth.login_failed", Level::warning,
                                "{service} login failed user={user} ip={ip} reason={reason}"};
constexpr LogEvent kLoggedIn{"auth.logged_in", Level::info, "{service} login user={user} ip={ip} by {mechanism}"};
constexpr LogEvent kUnreadable{"auth.unreadable_password", Level::error,
                               "the recoverable password of {user} does not open with the key file of this folder"};

ScramKeys keys_of(const store::ScramRecord& record) {
  return {record.iterations, record.salt, record.stored_key, record.server_key};
}

}  // namespace

Result<Identity> Authenticator::decide(const Client& client, std::string_view login,
                                       const std::optional<store::Account>& account, bool is_proven,
                                       std::string_view mechanism) {
  const std::string name = account ? account->name : std::string{login};
  const char* refused = nullptr;
  if (!account) {
    refused = "no such account";
  } else if (guard_.is_locked(client, name)) {
    refused = is_proven ? "account locked (right password)" : "account locked";
  } else if (!is_proven) {
    refused = "wrong password";
  } else if (!account->is_enabled) {
    refused = "account switched off";
  }
  if (refused != nullptr) {
    guard_.failed(client, name);
    log(kLoginFailed, {{"service", client.service},
                       {"user", name},
                       {"ip", client.address},
                       {"reason", std::string_view{refused}},
                       {"mechanism", mechanism}});
    return error(Kind::not_authenticated, "Invalid login", refused);
  }
  guard_.succeeded(client, name);
  accounts_.note_login(*account);
  log(kLoggedIn, {{"service", client.service}, {"user", name}, {"ip", client.address}, {"mechanism", mechanism}});
  return Identity{account->id, account->name, account->is_admin, std::string{mechanism}};
}

Result<Identity> Authenticator::with_password(const Client& client, std::string_view login, std::string_view password,
                                              std::string_view mechanism) {
  auto found = accounts_.find(login);
  if (!found) return std::move(found).error();
  const std::optional<Candidate>& candidate = *found;
  const std::string stored = candidate ? candidate->password.argon2id : std::string{};
  bool is_proven = proven_.knows(stored, password);
  if (!is_proven) {
    const auto fits = hasher_.verify(stored, password);
    if (!fits) return fits.error();
    is_proven = *fits;
    if (is_proven) proven_.remember(stored, password);
  }
  if (!is_proven && candidate && stored.empty() && !candidate->password.recoverable.empty()) {
    const auto plain = key_.open(candidate->password.recoverable);  // imported with nothing else
    if (!plain) log(kUnreadable, {{"user", candidate->account.name}});
    is_proven = plain && same_secret(*plain, password);
  }
  return decide(client, login, candidate ? std::optional{candidate->account} : std::nullopt, is_proven, mechanism);
}

Result<Identity> Authenticator::with_digest(const Client& client, std::string_view login, std::string_view challenge,
                                            std::string_view hex_digest, Digest kind) {
  auto found = accounts_.find(login);
  if (!found) return std::move(found).error();
  const std::optional<Candidate>& candidate = *found;
  std::optional<std::string> plain;
  if (candidate && !candidate->password.recoverable.empty()) {
    plain = key_.open(candidate->password.recoverable);
    if (!plain) log(kUnreadable, {{"user", candidate->account.name}});
  }
  const std::string secret = plain ? *plain : random_octets(16);
  const std::string expected =
      kind == Digest::apop ? apop_digest(challenge, secret) : cram_md5_digest(challenge, secret);
  const bool is_proven = same_secret(expected, to_lower(hex_digest)) && plain.has_value();
  return decide(client, login, candidate ? std::optional{candidate->account} : std::nullopt, is_proven,
                kind == Digest::apop ? "APOP" : "CRAM-MD5");
}

Result<Authenticator::ScramCandidate> Authenticator::scram_candidate(std::string_view login) {
  auto found = accounts_.find(login);
  if (!found) return std::move(found).error();
  if (*found && (*found)->password.scram.iterations > 0) {
    return ScramCandidate{keys_of((*found)->password.scram), (*found)->account, std::string{login}};
  }
  ScramKeys nobody{kScramIterations, key_.salt_for_nobody(to_lower(login)), random_octets(32), random_octets(32)};
  return ScramCandidate{std::move(nobody), std::nullopt, std::string{login}};
}

Result<Identity> Authenticator::with_scram(const Client& client, const ScramCandidate& candidate, bool is_proven,
                                           std::string_view mechanism) {
  return decide(client, candidate.login, candidate.account, is_proven && candidate.account.has_value(), mechanism);
}

bool Authenticator::any_recoverable() {
  const auto answer = accounts_.any_recoverable();
  return answer && *answer;
}

Result<store::PasswordRecord> password_record(PasswordHasher& hasher, const SecretKey& key, std::string_view password,
                                              Recoverable recoverable) {
  if (password.empty()) return error(Kind::bad_input, "The password is empty");
  if (password.size() > kPasswordOctets.most.size()) return passed(kPasswordOctets, "The password is too long");
  if (password.find_first_of(std::string_view{"\0\r\n", 3}) != std::string_view::npos) {
    return error(Kind::bad_input, "The password holds a character that no protocol can carry");
  }
  auto hash = hasher.hash(password);
  if (!hash) return std::move(hash).error();
  store::PasswordRecord record;
  record.argon2id = *std::move(hash);
  const ScramKeys keys = scram_keys(password, random_octets(kScramSaltOctets), kScramIterations);
  record.scram = {keys.salt, keys.iterations, keys.stored_key, keys.server_key};
  if (recoverable == Recoverable::yes) record.recoverable = key.seal(password);
  return record;
}

}  // namespace pennypost::auth
