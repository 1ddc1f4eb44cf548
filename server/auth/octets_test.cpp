#include "server/auth/octets.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace pennypost::auth {
namespace {

using ::testing::MatchesRegex;

TEST(Octets, WhatIsEncodedDecodesToItself) {
  std::string all;
  for (int i = 0; i < 256; ++i) {
    EXPECT_EQ(from_base64(to_base64(all)), all) << i << " octets";
    all.push_back(static_cast<char>(i));
  }
}

TEST(Octets, WrongBase64IsNoBase64) {
  struct Row {
    const char* what;
    std::string_view word;
  };
  for (const auto& [what, word] : {Row{"a blank", "YW Jj"}, Row{"no padding", "YQ"}, Row{"too much padding", "YQ==="},
                                   Row{"padding alone", "="}, Row{"line end", "YWJj\r\n"}, Row{"text behind", "YQ==x"},
                                   Row{"URL alphabet", "-_-_"}, Row{"a NUL", std::string_view{"YW\0j", 4}}}) {
    EXPECT_EQ(from_base64(word), std::nullopt) << what;
  }
  EXPECT_EQ(from_base64(""), "");
}

TEST(Octets, DigestsAreThoseOfTheRfcsAndTheSpec) {
  EXPECT_EQ(apop_digest("<1896.697170952@dbc.mtview.ca.us>", "tanstaaf"), "c4c9334bac560ecc979e58001b3e22fb");
  EXPECT_EQ(apop_digest("<1.2a.5f00c0de>", "s3cret"), "bb03e1720ae61718f4a5f8ade77325c6");  // spec 50 section 16, P2
  EXPECT_EQ(cram_md5_digest("<1896.697170952@postoffice.reston.mci.net>", "tanstaaftanstaaf"),
            "b913a602c7eda7a495b4e6e7334d3890");
  EXPECT_EQ(cram_md5_digest("<1.2a.5f00c0de>", "s3cret"), "f65021bac1dfba3cd1762c1bd51dd2c7");  // P3
}

TEST(Octets, ChallengesHaveTheFormOfTheOriginalAndDiffer) {
  const std::string one = session_challenge();
  const std::string two = session_challenge();
  EXPECT_THAT(one, MatchesRegex("<[0-9a-f]+\\.[0-9a-f]+\\.[0-9a-f]+>"));
  EXPECT_NE(one, two);
}

TEST(Octets, ComparisonLooksAtEveryOctetAndAtTheLength) {
  EXPECT_TRUE(equal_in_constant_time("", ""));
  EXPECT_TRUE(equal_in_constant_time("abc", "abc"));
  EXPECT_FALSE(equal_in_constant_time("abc", "abd"));
  EXPECT_FALSE(equal_in_constant_time("abc", "ab"));
}

}  // namespace
}  // namespace pennypost::auth
