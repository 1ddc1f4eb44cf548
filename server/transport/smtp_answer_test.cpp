#include "server/transport/smtp_answer.h"

#include <gtest/gtest.h>

namespace pennypost::transport {
namespace {

TEST(SmtpAnswer, LinesAreReadAsServersSendThem) {
  struct Row {
    const char* what;
    std::string_view line;
    int code;
    bool is_last;
    std::string_view text;
  };
  for (const auto& [what, line, code, is_last, text] :
       {Row{"plain", "250 OK", 250, true, "OK"}, Row{"more follows", "250-SIZE 10", 250, false, "SIZE 10"},
        Row{"code alone", "354", 354, true, ""}, Row{"nothing behind", "250 ", 250, true, ""},
        Row{"padded", "220  hello ", 220, true, "hello"}}) {
    const auto parsed = parse_answer_line(line);
    ASSERT_TRUE(parsed) << what;
    EXPECT_EQ(parsed->code, code) << what;
    EXPECT_EQ(parsed->is_last, is_last) << what;
    EXPECT_EQ(parsed->text, text) << what;
  }
  for (const char* line : {"", "2", "25", "25x OK", "250OK", "199 x", "600 x", "+OK", "HTTP/1.1 400", "-ERR no"}) {
    EXPECT_FALSE(parse_answer_line(line)) << line;
  }
}

TEST(SmtpAnswer, EnhancedCodesAreTakenWhereTheyAgreeWithTheCode) {
  struct Row {
    int code;
    std::string_view text;
    std::string_view left;
    Enhanced status;
  };
  for (const auto& [code, text, left, status] :
       {Row{550, "5.1.1 no such user", "no such user", {5, 1, 1}}, Row{250, "2.1.5 OK", "OK", {2, 1, 5}},
        Row{451, "4.7.651 greylisted", "greylisted", {4, 7, 651}}, Row{550, "5.1.1", "", {5, 1, 1}},
        Row{550, "4.1.1 odd", "4.1.1 odd", {}}, Row{550, "5.1 x", "5.1 x", {}}, Row{550, "5.1.1x", "5.1.1x", {}},
        Row{550, "5.1.1111 x", "5.1.1111 x", {}}, Row{550, "no such user", "no such user", {}}, Row{550, "", "", {}}}) {
    std::string_view rest = text;
    EXPECT_EQ(take_enhanced(code, rest), status) << text;
    EXPECT_EQ(rest, left);
  }
}

TEST(SmtpAnswer, WhatAServerSaysIsShownOnOneBoundedPrintableLine) {
  EXPECT_EQ(in_words({550, {5, 1, 1}, "no\r\nsuch \xe9"}), "550 5.1.1 no??such ?");
  EXPECT_EQ(in_words({0, {}, "connection refused"}), "connection refused");
  EXPECT_LE(in_words({550, {}, std::string(100'000, 'x')}).size(), 1000U);
}

}  // namespace
}  // namespace pennypost::transport
