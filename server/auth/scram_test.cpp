#include "server/auth/scram.h"

#include <gtest/gtest.h>

#include "server/base/text.h"

namespace pennypost::auth {
namespace {

// The dialogue of RFC 7677 section 3.
constexpr std::string_view kFirst = "n,,n=user,r=rOprNGfwEbeRWgbNEkqO";
constexpr std::string_view kServerFirst =
    "r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096";
constexpr std::string_view kFinal =
    "c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=";
constexpr std::string_view kSignature = "6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=";

TEST(Scram, TheDialogueOfRfc7677IsProvenAndSigned) {
  const auto first = parse_client_first(kFirst);
  const auto server = parse_server_first(kServerFirst);
  const auto final = parse_client_final(kFinal);
  ASSERT_TRUE(first && server && final);
  EXPECT_EQ(first->user, "user");
  EXPECT_EQ(first->gs2_header, "n,,");
  EXPECT_EQ(final->binding, "n,,");
  const std::string message = first->bare + "," + std::string{kServerFirst} + "," + final->without_proof;
  const ScramKeys keys = scram_keys("pencil", server->salt, server->iterations);
  EXPECT_TRUE(proves(keys, message, final->proof));
  EXPECT_EQ(base64_encode(server_signature(keys, message)), kSignature);
  const auto proofs = scram_proofs(salted_password("pencil", server->salt, server->iterations), message);
  EXPECT_EQ(proofs.client_proof, final->proof);
  EXPECT_EQ(base64_encode(proofs.server_signature), kSignature);
  EXPECT_FALSE(proves(scram_keys("pencil!", server->salt, server->iterations), message, final->proof));
  EXPECT_FALSE(proves(keys, message + " ", final->proof));
  EXPECT_FALSE(proves(keys, message, final->proof.substr(1)));
}

TEST(Scram, MessagesOutsideTheGrammarAreNoMessages) {
  struct Row {
    const char* what;
    std::string_view text;
  };
  for (const auto& [what, text] :
       {Row{"empty", ""}, Row{"no name", "n,,r=abc"}, Row{"empty name", "n,,n=,r=abc"}, Row{"no nonce", "n,,n=user"},
        Row{"empty nonce", "n,,n=user,r="}, Row{"mandatory extension", "n,,m=x,n=user,r=abc"},
        Row{"unknown flag", "x,,n=user,r=abc"}, Row{"flag without name", "p=,,n=user,r=abc"},
        Row{"bad name escape", "n,,n=us=41er,r=abc"}, Row{"bad authzid", "n,b=joe,n=user,r=abc"},
        Row{"blank in nonce", "n,,n=user,r=a c"}}) {
    EXPECT_EQ(parse_client_first(text), std::nullopt) << what;
  }
  EXPECT_EQ(parse_server_first("r=abc,s=QQ==,i=0"), std::nullopt);
  EXPECT_EQ(parse_server_first("r=abc,s=QQ==,i=99999999"), std::nullopt);
  EXPECT_EQ(parse_client_final("c=biws,r=abc"), std::nullopt);
  EXPECT_EQ(parse_client_final("c=biws,r=abc,p=?"), std::nullopt);
}

TEST(Scram, NamesKeepTheirCommasAndEqualSigns) {
  EXPECT_EQ(scram_name("a=b,c"), "a=3Db=2Cc");
  EXPECT_EQ(from_scram_name("a=3Db=2Cc"), "a=b,c");
  const auto first = parse_client_first("y,a=boss,n=a=2Cb,r=abc,x=extension");
  ASSERT_TRUE(first);
  EXPECT_EQ(first->user, "a,b");
  EXPECT_EQ(first->authorise_as, "boss");
  EXPECT_EQ(first->binding, ChannelBindingUse::client_thinks_server_not);
  EXPECT_EQ(first->gs2_header, "y,a=boss,");
}

}  // namespace
}  // namespace pennypost::auth
