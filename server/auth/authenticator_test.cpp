// The authenticator and every SASL mechanism, client against server, on accounts in memory.
#include "server/auth/authenticator.h"

#include <map>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "server/auth/sasl.h"
#include "server/auth/sasl_client.h"
#include "server/base/test_folder.h"
#include "server/base/text.h"

namespace pennypost::auth {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

class AccountsInMemory final : public AccountSource {
 public:
  Result<std::optional<Candidate>> find(std::string_view login) override {
    if (is_away) return error(Kind::unavailable, "Try again later");
    const auto found = accounts.find(to_lower(login));
    if (found == accounts.end()) return std::optional<Candidate>{};
    return std::optional{found->second};
  }
  Result<bool> any_recoverable() override {
    for (const auto& [name, c] : accounts) {
      if (!c.password.recoverable.empty()) return true;
    }
    return false;
  }
  void note_login(const store::Account& account) override { logins.push_back(account.name); }

  std::map<std::string, Candidate> accounts;
  std::vector<std::string> logins;
  bool is_away = false;
};

class Guard final : public LoginGuard {
 public:
  bool is_locked(const Client&, std::string_view account) override { return account == locked; }
  void succeeded(const Client&, std::string_view account) override { events.push_back("+" + std::string{account}); }
  void failed(const Client&, std::string_view account) override { events.push_back("-" + std::string{account}); }
  bool is_blocked(std::string_view) override { return false; }
  std::string locked;
  std::vector<std::string> events;
};

SecretKey test_key() {
  const TestFolder folder;
  return *SecretKey::open_or_create(folder.path());
}

class Login : public ::testing::Test {
 protected:
  Login() {
    add("Ann", "s3cret", Recoverable::yes);
    add("bob", "caf\u00E9 au lait", Recoverable::no);
  }
  void add(const std::string& name, std::string_view password, Recoverable recoverable) {
    auto record = password_record(hasher, key, password, recoverable);
    ASSERT_TRUE(record);
    Candidate candidate;
    candidate.account.id = AccountId{static_cast<int>(accounts.accounts.size()) + 1};
    candidate.account.name = name;
    candidate.password = *std::move(record);
    accounts.accounts[to_lower(name)] = std::move(candidate);
  }
  Candidate& account(const std::string& name) { return accounts.accounts.at(name); }

  /// Lets our client talk to our server; gives the outcome.
  SaslExchange::Outcome talk(std::vector<std::string_view> mechanism, ClientCredentials credentials,
                             SaslConditions conditions = {.has_recoverable = true}, SaslContext* context = nullptr) {
    const auto speaker = choose_mechanism(mechanism, credentials);
    if (!speaker) return error(Kind::internal, "no mechanism");
    SaslExchange server{context != nullptr ? *context : SaslContext{authenticator, client, "", {}}, conditions};
    std::optional<std::string> first = speaker->initial();
    if (first) first = base64_encode(*first);
    auto outcome = server.begin(speaker->name(), first ? std::optional<std::string_view>{*first} : std::nullopt);
    for (int turns = 0; turns < 5; ++turns) {
      const auto* more = std::get_if<SaslExchange::More>(&outcome);
      if (more == nullptr) break;
      const auto answer = speaker->answer(base64_decode(more->line).value_or(""));
      if (!answer) return answer.error();
      outcome = server.answer(base64_encode(*answer));
    }
    if (std::holds_alternative<Identity>(outcome)) {
      EXPECT_TRUE(speaker->is_satisfied());
    }
    return outcome;
  }

  PasswordHasher hasher{HashCost{.memory = 1_MiB, .passes = 1, .at_once = 2}};
  SecretKey key = test_key();
  AccountsInMemory accounts;
  Guard guard;
  Authenticator authenticator{accounts, hasher, key, guard};
  Client client{.address = "192.0.2.1", .service = "pop3", .is_encrypted = false};
};

Kind kind_of(const SaslExchange::Outcome& outcome) {
  const auto* e = std::get_if<Error>(&outcome);
  return e != nullptr ? e->kind : Kind::internal;
}

TEST_F(Login, EveryMechanismLetsTheRightPasswordInAndNoOther) {
  for (const char* mechanism : {"PLAIN", "LOGIN", "CRAM-MD5", "SCRAM-SHA-256"}) {
    SCOPED_TRACE(mechanism);
    const auto good = talk({mechanism}, {"ann", "s3cret", {}});
    ASSERT_TRUE(std::holds_alternative<Identity>(good)) << std::get<Error>(good).for_log;
    EXPECT_EQ(std::get<Identity>(good).name, "Ann");
    EXPECT_EQ(std::get<Identity>(good).account, AccountId{1});
    EXPECT_EQ(std::get<Identity>(good).mechanism, mechanism);
    for (const auto& [user, password] : {std::pair{"ann", "S3cret"}, std::pair{"ann", "s3cre"},
                                         std::pair{"nobody", "s3cret"}, std::pair{"bob", "s3cret"}}) {
      const auto bad = talk({mechanism}, {user, password, {}});
      EXPECT_EQ(kind_of(bad), Kind::not_authenticated) << user << " " << password;
      EXPECT_EQ(std::get<Error>(bad).for_client, "Invalid login");
    }
  }
}

TEST_F(Login, APasswordTypedDecomposedIsTheSamePassword) {
  for (const char* mechanism : {"PLAIN", "LOGIN", "SCRAM-SHA-256"}) {
    EXPECT_TRUE(std::holds_alternative<Identity>(talk({mechanism}, {"bob", "cafe\u0301 au lait", {}}))) << mechanism;
  }
}

TEST_F(Login, WithoutRecoverableFormCramMd5FailsAsWithAWrongPassword) {
  EXPECT_EQ(kind_of(talk({"CRAM-MD5"}, {"bob", "caf\u00E9 au lait", {}})), Kind::not_authenticated);
}

TEST_F(Login, ApopTakesTheDigestOfTheSpecInEitherCase) {
  const std::string challenge = "<1.2a.5f00c0de>";
  for (const char* digest : {"bb03e1720ae61718f4a5f8ade77325c6", "BB03E1720AE61718F4A5F8ADE77325C6"}) {
    EXPECT_TRUE(authenticator.with_digest(client, "ANN", challenge, digest, Digest::apop)) << digest;
  }
  EXPECT_FALSE(
      authenticator.with_digest(client, "ann", "<1.2a.5f00c0df>", "bb03e1720ae61718f4a5f8ade77325c6", Digest::apop));
  EXPECT_FALSE(authenticator.with_digest(client, "ann", challenge, "", Digest::apop));
}

TEST_F(Login, ALockedAccountFailsLikeAWrongPasswordAndTheGuardHearsOfIt) {
  guard.locked = "Ann";
  const auto answer = authenticator.with_password(client, "ann", "s3cret", "USER");
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().for_client, "Invalid login");
  guard.locked.clear();
  EXPECT_TRUE(authenticator.with_password(client, "ann", "s3cret", "USER"));
  EXPECT_FALSE(authenticator.with_password(client, "stranger", "s3cret", "USER"));
  EXPECT_THAT(guard.events, ElementsAre("-Ann", "+Ann", "-stranger"));
  EXPECT_THAT(accounts.logins, ElementsAre("Ann"));
}

TEST_F(Login, ASwitchedOffAccountFailsLikeAWrongPassword) {
  account("ann").account.is_enabled = false;
  const auto answer = authenticator.with_password(client, "ann", "s3cret", "USER");
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().kind, Kind::not_authenticated);
}

TEST_F(Login, AnAbsentDatabaseIsNobodysFault) {
  accounts.is_away = true;
  for (const char* mechanism : {"PLAIN", "LOGIN", "CRAM-MD5", "SCRAM-SHA-256"}) {
    EXPECT_EQ(kind_of(talk({mechanism}, {"ann", "s3cret", {}})), Kind::unavailable) << mechanism;
  }
  EXPECT_THAT(guard.events, IsEmpty());
}

TEST_F(Login, ARememberedPasswordIsForgottenWhenItChanges) {
  EXPECT_TRUE(authenticator.with_password(client, "ann", "s3cret", "USER"));
  add("Ann", "another", Recoverable::no);
  EXPECT_FALSE(authenticator.with_password(client, "ann", "s3cret", "USER"));
  EXPECT_TRUE(authenticator.with_password(client, "ann", "another", "USER"));
}

TEST_F(Login, AnImportedAccountWithNothingButTheRecoverableFormGetsIn) {
  account("ann").password = {.argon2id = "", .scram = {}, .recoverable = key.seal("s3cret")};
  EXPECT_TRUE(authenticator.with_password(client, "ann", "s3cret", "USER"));
  EXPECT_FALSE(authenticator.with_password(client, "ann", "wrong", "USER"));
  account("ann").password.recoverable.back() ^= 1;  // another key file
  EXPECT_FALSE(authenticator.with_password(client, "ann", "s3cret", "USER"));
}

TEST_F(Login, ScramGivesAnUnknownNameASaltThatStaysTheSame) {
  const auto once = authenticator.scram_candidate("Nobody");
  const auto twice = authenticator.scram_candidate("nobody");
  ASSERT_TRUE(once && twice);
  EXPECT_EQ(once->keys.salt, twice->keys.salt);
  EXPECT_EQ(once->keys.salt.size(), account("ann").password.scram.salt.size());
  EXPECT_EQ(once->keys.iterations, account("ann").password.scram.iterations);
}

TEST_F(Login, ActingForAnotherAccountIsRefused) {
  const auto plain = [&](std::string_view text) {
    SaslExchange exchange{{authenticator, client, "", {}}, {}};
    return exchange.begin("plain", base64_encode(text));
  };
  EXPECT_TRUE(std::holds_alternative<Identity>(plain({"ann\0ANN\0s3cret", 14})));
  EXPECT_TRUE(std::holds_alternative<Identity>(plain({"\0ANN\0s3cret", 11})));
  EXPECT_EQ(kind_of(plain({"bob\0ANN\0s3cret", 14})), Kind::not_authenticated);
}

TEST_F(Login, WhatDoesNotFollowTheMechanismIsAnErrorNotALogin) {
  struct Row {
    const char* what;
    const char* mechanism;
    std::string first;  // base64 as sent; "-" for none
    std::string second;
  };
  const auto b64 = [](std::string_view t) { return base64_encode(t); };
  for (const Row& row :
       {Row{"one NUL", "PLAIN", b64({"ann\0s3cret", 10}), ""}, Row{"no NUL", "PLAIN", b64("ann"), ""},
        Row{"three NULs", "PLAIN", b64({"\0ann\0s3\0t", 10}), ""}, Row{"empty", "PLAIN", "=", ""},
        Row{"no base64", "PLAIN", "$$$$", ""}, Row{"cut base64", "PLAIN", "AGFubg", ""},
        Row{"initial response", "CRAM-MD5", b64("ann"), ""}, Row{"digest too short", "CRAM-MD5", "-", b64("ann abc")},
        Row{"no name", "CRAM-MD5", "-", b64(" 0123456789abcdef0123456789abcdef")}, Row{"empty name", "LOGIN", "-", ""},
        Row{"no message", "SCRAM-SHA-256", b64("hello"), ""},
        Row{"wrong nonce", "SCRAM-SHA-256", b64("n,,n=ann,r=abc"), b64("c=biws,r=abc,p=AAAA")},
        Row{"binding without PLUS", "SCRAM-SHA-256", b64("p=tls-exporter,,n=ann,r=abc"), ""}}) {
    SCOPED_TRACE(row.what);
    SaslExchange exchange{{authenticator, client, "", {}}, {.has_recoverable = true}};
    auto outcome =
        exchange.begin(row.mechanism, row.first == "-" ? std::nullopt : std::optional<std::string_view>{row.first});
    if (std::holds_alternative<SaslExchange::More>(outcome)) outcome = exchange.answer(row.second);
    EXPECT_EQ(kind_of(outcome), Kind::bad_input);
  }
  EXPECT_THAT(guard.events, IsEmpty());
}

TEST_F(Login, AMechanismThatIsNotOfferedIsToldFromBadWords) {
  for (const char* mechanism : {"GSSAPI", "SCRAM-SHA-256-PLUS", "CRAM-MD5", ""}) {
    SCOPED_TRACE(mechanism);
    SaslExchange exchange{{authenticator, client, "", {}}, {.has_recoverable = false}};
    EXPECT_EQ(kind_of(exchange.begin(mechanism, std::nullopt)), Kind::not_found);
  }
}

TEST_F(Login, AnEndlessAnswerIsCutAtTheLimit) {
  SaslExchange exchange{{authenticator, client, "", {}}, {}};
  ASSERT_TRUE(std::holds_alternative<SaslExchange::More>(exchange.begin("LOGIN", std::nullopt)));
  EXPECT_EQ(kind_of(exchange.answer(std::string(kSaslLine.most.size() + 4, 'A'))), Kind::too_large);
}

TEST_F(Login, TheClientMayThinkBetterOfIt) {
  SaslExchange exchange{{authenticator, client, "", {}}, {}};
  ASSERT_TRUE(std::holds_alternative<SaslExchange::More>(exchange.begin("LOGIN", std::nullopt)));
  EXPECT_TRUE(std::holds_alternative<SaslExchange::Cancelled>(exchange.answer("*")));
}

TEST_F(Login, LoginTakesTheNameAsInitialResponse) {
  SaslExchange exchange{{authenticator, client, "", {}}, {}};
  const auto more = exchange.begin("login", base64_encode("ann"));
  ASSERT_TRUE(std::holds_alternative<SaslExchange::More>(more));
  EXPECT_EQ(std::get<SaslExchange::More>(more).line, "UGFzc3dvcmQ6");
  EXPECT_TRUE(std::holds_alternative<Identity>(exchange.answer(base64_encode("s3cret"))));
}

TEST_F(Login, CramMd5UsesTheChallengeOfTheSession) {
  SaslExchange exchange{{authenticator, client, "<1.2a.5f00c0de>", {}}, {.has_recoverable = true}};
  const auto more = exchange.begin("CRAM-MD5", std::nullopt);
  ASSERT_TRUE(std::holds_alternative<SaslExchange::More>(more));
  EXPECT_EQ(base64_decode(std::get<SaslExchange::More>(more).line), "<1.2a.5f00c0de>");
  EXPECT_TRUE(std::holds_alternative<Identity>(exchange.answer(base64_encode("ann f65021bac1dfba3cd1762c1bd51dd2c7"))));
}

TEST_F(Login, ChannelBindingHoldsOnTheSameChannelOnly) {
  const SaslConditions tls{.is_encrypted = true, .has_recoverable = true, .has_channel_binding = true};
  const auto here = [](std::string_view type) { return type == "tls-exporter" ? std::string(32, 'x') : std::string{}; };
  const auto elsewhere = [](std::string_view) { return std::string(32, 'y'); };
  SaslContext server{authenticator, client, "", here};
  const std::vector<std::string_view> both{"SCRAM-SHA-256", "SCRAM-SHA-256-PLUS"};
  const auto good = talk(both, {"ann", "s3cret", here}, tls, &server);
  ASSERT_TRUE(std::holds_alternative<Identity>(good));
  EXPECT_EQ(std::get<Identity>(good).mechanism, "SCRAM-SHA-256-PLUS");
  EXPECT_EQ(kind_of(talk(both, {"ann", "s3cret", elsewhere}, tls, &server)), Kind::not_authenticated);
  EXPECT_TRUE(std::holds_alternative<Identity>(talk(both, {"ann", "s3cret", {}}, tls, &server))) << "client without";
  EXPECT_EQ(kind_of(talk({"SCRAM-SHA-256"}, {"ann", "s3cret", here}, tls, &server)), Kind::not_authenticated)
      << "the -PLUS form was stripped from the list";
}

TEST_F(Login, AServerThatDoesNotKnowThePasswordIsNotBelieved) {
  const auto speaker = choose_mechanism(std::vector<std::string_view>{"SCRAM-SHA-256"}, {"ann", "s3cret", {}});
  const std::string nonce = parse_client_first(*speaker->initial())->nonce;
  ASSERT_TRUE(speaker->answer("r=" + nonce + "more,s=QUJD,i=4096"));
  EXPECT_FALSE(speaker->is_satisfied());
  const auto end = speaker->answer("v=" + base64_encode(std::string(32, 'x')));
  ASSERT_FALSE(end);
  EXPECT_EQ(end.error().kind, Kind::not_authenticated);
  EXPECT_FALSE(speaker->is_satisfied());
}

TEST(SaslList, NamesOnlyWhatCanWorkNow) {
  struct Row {
    const char* what;
    SaslConditions conditions;
    std::vector<std::string_view> names;
  };
  for (const Row& row :
       {Row{"in clear", {}, {"LOGIN", "PLAIN", "SCRAM-SHA-256"}},
        Row{"somebody is recoverable", {.has_recoverable = true}, {"LOGIN", "CRAM-MD5", "PLAIN", "SCRAM-SHA-256"}},
        Row{"encryption asked for", {.passwords_need_encryption = true}, {"SCRAM-SHA-256"}},
        Row{"encryption given",
            {.is_encrypted = true, .passwords_need_encryption = true, .has_channel_binding = true},
            {"LOGIN", "PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-256-PLUS"}}}) {
    EXPECT_EQ(offered(row.conditions), row.names) << row.what;
  }
}

TEST_F(Login, APasswordMechanismInClearSaysWhatIsMissing) {
  SaslExchange exchange{{authenticator, client, "", {}}, {.passwords_need_encryption = true}};
  EXPECT_EQ(kind_of(exchange.begin("PLAIN", std::nullopt)), Kind::not_permitted);
}

TEST_F(Login, APasswordThatNoProtocolCarriesIsNotSet) {
  for (const std::string& bad : {std::string{}, std::string(kPasswordOctets.most.size() + 1, 'x'),
                                 std::string{"a\0b", 3}, std::string{"a\r\n"}}) {
    const auto record = password_record(hasher, key, bad, Recoverable::yes);
    EXPECT_FALSE(record);
  }
}

}  // namespace
}  // namespace pennypost::auth
