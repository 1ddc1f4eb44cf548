#include "server/auth/digests.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace pennypost::auth {
namespace {

using ::testing::MatchesRegex;

TEST(Digests, DigestsAreThoseOfTheRfcsAndTheSpec) {
  EXPECT_EQ(apop_digest("<1896.697170952@dbc.mtview.ca.us>", "tanstaaf"), "c4c9334bac560ecc979e58001b3e22fb");
  EXPECT_EQ(apop_digest("<1.2a.5f00c0de>", "s3cret"), "bb03e1720ae61718f4a5f8ade77325c6");  // spec 50 section 16, P2
  EXPECT_EQ(cram_md5_digest("<1896.697170952@postoffice.reston.mci.net>", "tanstaaftanstaaf"),
            "b913a602c7eda7a495b4e6e7334d3890");
  EXPECT_EQ(cram_md5_digest("<1.2a.5f00c0de>", "s3cret"), "f65021bac1dfba3cd1762c1bd51dd2c7");  // P3
}

TEST(Digests, ChallengesHaveTheFormOfTheOriginalAndDiffer) {
  const std::string one = session_challenge();
  const std::string two = session_challenge();
  EXPECT_THAT(one, MatchesRegex("<[0-9a-f]+\\.[0-9a-f]+\\.[0-9a-f]+>"));
  EXPECT_NE(one, two);
}

}  // namespace
}  // namespace pennypost::auth
