#include "server/auth/saslprep.h"

#include <gtest/gtest.h>

namespace pennypost::auth {
namespace {

TEST(SaslPrep, MapsTheExamplesOfRfc4013) {
  struct Row {
    const char* what;
    std::string_view in;
    std::optional<std::string> out;
  };
  for (const auto& [what, in, out] :
       {Row{"soft hyphen goes", "I\u00ADX", "IX"}, Row{"no change", "user", "user"}, Row{"case stays", "USER", "USER"},
        Row{"feminine ordinal", "\u00AA", "a"}, Row{"roman numeral", "\u2168", "IX"},
        Row{"control character", "\a", std::nullopt}, Row{"mixed directions", "\u06271", std::nullopt},
        Row{"no-break space is a space", "a\u00A0b", "a b"}, Row{"not UTF-8", "\xE9t\xE9", std::nullopt},
        Row{"cut UTF-8", "\xC3", std::nullopt}, Row{"empty", "", ""}}) {
    EXPECT_EQ(saslprep(in), out) << what;
  }
}

TEST(SaslPrep, ComposedAndDecomposedPasswordsAreTheSame) {
  EXPECT_EQ(prepared_password("caf\u00E9"), prepared_password("cafe\u0301"));
}

TEST(SaslPrep, WhatCannotBePreparedIsHashedAsItCame) {
  EXPECT_EQ(prepared_password("\xE9t\xE9"), "\xE9t\xE9");
  EXPECT_EQ(prepared_password("a\tb"), "a\tb");
}

}  // namespace
}  // namespace pennypost::auth
