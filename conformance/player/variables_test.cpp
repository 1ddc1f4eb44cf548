#include "conformance/player/variables.h"

#include <gtest/gtest.h>

namespace pennypost::conformance {
namespace {

TEST(Variables, FunctionsComputeWhatAClientWould) {
  Variables v;
  v.add_account("tim", {"tim", "tanstaaftanstaaf", "tim@example.test"});
  v.add_account("mrose", {"mrose", "tanstaaf", "mrose@example.test"});
  v.add_account("user", {"user", "pencil", "user@example.test"});
  v.set("c", "PDE4OTYuNjk3MTcwOTUyQHBvc3RvZmZpY2UucmVzdG9uLm1jaS5uZXQ+");
  v.set("stamp", "<1896.697170952@dbc.mtview.ca.us>");
  v.set("m", ".a\r\n..b\r\nc.\r\n");
  struct Row {
    const char* expression;
    const char* value;
  };
  for (const auto& [expression, value] : {
           Row{"tim", "tim"},
           Row{"tim.password", "tanstaaftanstaaf"},
           Row{"tim.address", "tim@example.test"},
           Row{"size:m", "13"},
           Row{"literal:m", "{13}\r\n.a\r\n..b\r\nc.\r\n"},
           Row{"literal+:m", "{13+}\r\n.a\r\n..b\r\nc.\r\n"},
           Row{"stuffed:m", "..a\r\n...b\r\nc.\r\n"},
           Row{"repeat:3:ab:", "ab:ab:ab:"},
           Row{"repeat-line:2:x", "x\r\nx\r\n"},
           Row{"upper:tim.address", "TIM@EXAMPLE.TEST"},
           Row{"base64:a:b", "YTpi"},
           Row{"user64:tim", "dGlt"},
           Row{"plain:tim", "AHRpbQB0YW5zdGFhZnRhbnN0YWFm"},
           // the examples of RFC 2195 2 and RFC 1939 7
           Row{"cram-md5:tim:c", "dGltIGI5MTNhNjAyYzdlZGE3YTQ5NWI0ZTZlNzMzNGQzODkw"},
           Row{"apop:mrose:stamp", "c4c9334bac560ecc979e58001b3e22fb"},
       }) {
    SCOPED_TRACE(expression);
    EXPECT_EQ(v.value(expression), value);
  }
}

TEST(Variables, ScramProofVerifiesWithTheStoredKey) {
  // A server's side of RFC 5802 3, computed apart: salted password of RFC 7677 3's salt and rounds.
  Variables v;
  v.add_account("user", {"user", "pencil", ""});
  EXPECT_EQ(unbase64(v.value("scram-first:user")), "n,,n=user,r=fyko2sdlB7aNxTJV9rU0q");
  v.set("s", base64("r=fyko2sdlB7aNxTJV9rU0qSERVER,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096"));
  const auto final_message = unbase64(v.value("scram-final:user:s"));
  EXPECT_TRUE(final_message.starts_with("c=biws,r=fyko2sdlB7aNxTJV9rU0qSERVER,p=")) << final_message;
  EXPECT_EQ(unbase64(final_message.substr(final_message.find(",p=") + 3)).size(), 32u);
  v.set("bad", base64("r=other,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096"));
  EXPECT_THROW(v.value("scram-final:user:bad"), Failure);
}

TEST(Variables, UnknownNamesEndThePlay) {
  const Variables v;
  for (const char* expression : {"nobody", "nobody.password", "nofunction:x", "size:nobody", "add:x", "plain:nobody"}) {
    SCOPED_TRACE(expression);
    EXPECT_THROW(v.value(expression), Failure);
  }
}

TEST(Base64, WhatIsWrittenReadsBack) {
  for (std::size_t size : {0u, 1u, 2u, 3u, 4u, 255u}) {
    std::string text;
    for (std::size_t i = 0; i < size; ++i) text += static_cast<char>(i * 7);
    EXPECT_EQ(unbase64(base64(text)), text);
  }
  EXPECT_EQ(unbase64("no!!"), "");
  EXPECT_EQ(unbase64("abc"), "");
}

}  // namespace
}  // namespace pennypost::conformance
