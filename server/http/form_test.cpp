#include "server/http/form.h"

#include <gmock/gmock.h>

namespace pennypost::http {
namespace {

using testing::ElementsAre;
using testing::Pair;

TEST(Form, IsReadAsBrowsersWriteIt) {
  EXPECT_THAT(read_form("id=7&t=a-_b&words=two+words&umlaut=%C3%BC"),
              ElementsAre(Pair("id", "7"), Pair("t", "a-_b"), Pair("umlaut", "ü"), Pair("words", "two words")));
}

TEST(Form, WhatMakesNoSenseStaysAsItIs) {
  for (const auto& [in, expected] : std::vector<std::pair<const char*, const char*>>{
           {"%", "%"}, {"%4", "%4"}, {"%zz", "%zz"}, {"%%41", "%A"}, {"a%2", "a%2"}, {"", ""}})
    EXPECT_EQ(decode_form_text(in), expected) << in;
  EXPECT_EQ(decode_form_text("%00"), std::string(1, '\0'));
  EXPECT_THAT(read_form("&&=x&a&b=&a=2&=y"), ElementsAre(Pair("", "x"), Pair("a", ""), Pair("b", "")));
}

TEST(Form, HasNoMoreThanAHundredFields) {
  std::string text;
  for (int i = 0; i < 1000; ++i) text += "f" + std::to_string(i) + "=1&";
  EXPECT_EQ(read_form(text).size(), 100U);
}

}  // namespace
}  // namespace pennypost::http
