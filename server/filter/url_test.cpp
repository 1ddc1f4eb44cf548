// What a URL means, and which are refused: one row a case.
#include "server/filter/url.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace pennypost::filter {
namespace {

using testing::HasSubstr;

TEST(UrlText, IsTakenApart) {
  struct Row {
    const char* what;
    std::string text;
    const char* whole;  // scheme, authority and target
    const char* host;
    int port;
    const char* user;
  };
  for (const auto& [what, text, whole, host, port, user] : {
           Row{"plain", "http://corp.example/a/b?c=d", "http://corp.example/a/b?c=d", "corp.example", 80, ""},
           Row{"https", "HTTPS://Corp.Example", "https://corp.example/", "corp.example", 443, ""},
           Row{"port", "http://corp.example:8080/", "http://corp.example:8080/", "corp.example", 8080, ""},
           Row{"port of the scheme", "https://corp.example:443/", "https://corp.example/", "corp.example", 443, ""},
           Row{"empty port", "http://corp.example:/x", "http://corp.example/x", "corp.example", 80, ""},
           Row{"no path", "http://corp.example?a", "http://corp.example/?a", "corp.example", 80, ""},
           Row{"fragment", "http://corp.example/a#b?c@d", "http://corp.example/a", "corp.example", 80, ""},
           Row{"fragment at once", "http://corp.example#@127.0.0.1/", "http://corp.example/", "corp.example", 80, ""},
           Row{"final dot", "http://corp.example./", "http://corp.example/", "corp.example", 80, ""},
           Row{"underscore", "http://a_b.example/", "http://a_b.example/", "a_b.example", 80, ""},
           Row{"IPv4", "http://192.0.2.1/", "http://192.0.2.1/", "192.0.2.1", 80, ""},
           Row{"IPv6", "http://[2001:DB8::1]:81/x", "http://[2001:db8::1]:81/x", "2001:db8::1", 81, ""},
           Row{"short IPv6", "https://[::2]/", "https://[::2]/", "::2", 443, ""},
           Row{"international",
               "http://b\xC3\xBC"
               "cher.example/",
               "http://xn--bcher-kva.example/", "xn--bcher-kva.example", 80, ""},
           Row{"user", "http://joe:p%40ss@corp.example/", "http://corp.example/", "corp.example", 80, "joe:p@ss"},
           Row{"a host in the user", "http://corp.example@127.0.0.1/", "http://127.0.0.1/", "127.0.0.1", 80,
               "corp.example"},
           Row{"an address in the user", "http://127.0.0.1@corp.example/", "http://corp.example/", "corp.example", 80,
               "127.0.0.1"},
           Row{"two at signs", "http://a@b@corp.example/", "http://corp.example/", "corp.example", 80, "a@b"},
           Row{"at sign in the path", "http://corp.example/@127.0.0.1/", "http://corp.example/@127.0.0.1/",
               "corp.example", 80, ""},
           Row{"at sign in the query", "http://corp.example?@127.0.0.1", "http://corp.example/?@127.0.0.1",
               "corp.example", 80, ""},
           Row{"backslash in the path", "http://corp.example/\\@x", "http://corp.example/%5C@x", "corp.example", 80,
               ""},
           Row{"blanks and line ends in the query", "http://corp.example/?a=b c\r\nHost: x",
               "http://corp.example/?a=b%20c%0D%0AHost:%20x", "corp.example", 80, ""},
           Row{"eight-bit path", "http://corp.example/\xC3\xBC", "http://corp.example/%C3%BC", "corp.example", 80, ""},
           Row{"encoded already", "http://corp.example/%41%zz", "http://corp.example/%41%zz", "corp.example", 80, ""},
           Row{"full-width digits", "http://\xEF\xBC\x91.2.3.4/", "http://1.2.3.4/", "1.2.3.4", 80, ""},
       }) {
    SCOPED_TRACE(what);
    const auto url = Url::parse(text);
    ASSERT_TRUE(url) << url.error().for_log;
    EXPECT_EQ(url->text(), whole);
    EXPECT_EQ(url->host, host);
    EXPECT_EQ(url->port, port);
    EXPECT_EQ(url->user, user);
    EXPECT_EQ(url->is_https, url->text().starts_with("https"));
    EXPECT_EQ(Url::parse(url->text())->text(), url->text());
  }
}

TEST(UrlText, IsRefusedWhenItCouldMeanTwoThings) {
  for (const std::string& text : {
           std::string{},
           std::string{"corp.example/"},
           std::string{"ftp://corp.example/"},
           std::string{"file:///etc/passwd"},
           std::string{"httpx://corp.example/"},
           std::string{"http:/corp.example/"},
           std::string{"http:corp.example"},
           std::string{"http://"},
           std::string{"http:///path"},
           std::string{"http://@/"},
           std::string{"http://:80/"},
           std::string{"http://./"},
           std::string{"http://a..b/"},
           std::string{"http://2130706433/"},
           std::string{"http://0x7f.1/"},
           std::string{"http://0x7f000001/"},
           std::string{"http://0x/"},
           std::string{"http://0177.0.0.1/"},
           std::string{"http://127.1/"},
           std::string{"http://127.0.0.01/"},
           std::string{"http://127.0.0.256/"},
           std::string{"http://127.0.0.1.5/"},
           std::string{"http://corp.example.1/"},
           std::string{"http://corp.0x1/"},
           std::string{"http://1/"},
           std::string{"http://%31%32%37.0.0.1/"},
           std::string{"http://[::1/"},
           std::string{"http://[::1]x/"},
           std::string{"http://[127.0.0.1]/"},
           std::string{"http://[fe80::1%25eth0]/"},
           std::string{"http://[fe80::1%eth0]/"},
           std::string{"http://::1/"},
           std::string{"http://corp.example\\@127.0.0.1/"},
           std::string{"http://127.0.0.1\\.corp.example/"},
           std::string{"http://corp.example\r\n.other.example/"},
           std::string{"http://corp .example/"},
           std::string{"http://corp.example\t/"},
           std::string{"http://corp.example\0.other.example/", 35},
           std::string{"http://corp.example:0/"},
           std::string{"http://corp.example:65536/"},
           std::string{"http://corp.example:+80/"},
           std::string{"http://corp.example:80:80/"},
           std::string{"http://corp.example:80a/"},
           "http://corp.example/" + std::string(8192, 'a'),
           "http://" + std::string(300, 'a') + ".example/",
       }) {
    EXPECT_FALSE(Url::parse(text)) << text;
  }
}

TEST(UrlText, ResolvesReferences) {
  struct Row {
    const char* reference;
    const char* whole;
  };
  const auto base = Url::parse("http://joe:pw@a.example:81/b/c/d?q");
  ASSERT_TRUE(base);
  for (const auto& [reference, whole] : {
           // RFC 3986 5.4, in part
           Row{"g", "http://a.example:81/b/c/g"},
           Row{"./g", "http://a.example:81/b/c/g"},
           Row{"g/", "http://a.example:81/b/c/g/"},
           Row{"/g", "http://a.example:81/g"},
           Row{"//g.example", "http://g.example/"},
           Row{"?y", "http://a.example:81/b/c/d?y"},
           Row{"g?y", "http://a.example:81/b/c/g?y"},
           Row{"#s", "http://a.example:81/b/c/d?q"},
           Row{"", "http://a.example:81/b/c/d?q"},
           Row{".", "http://a.example:81/b/c/"},
           Row{"..", "http://a.example:81/b/"},
           Row{"../g", "http://a.example:81/b/g"},
           Row{"../../../g", "http://a.example:81/g"},
           Row{"g?y/../x", "http://a.example:81/b/c/g?y/../x"},
           Row{"g;x=1/../y", "http://a.example:81/b/c/y"},
           Row{"/./g/../h", "http://a.example:81/h"},
           Row{"https://b.example/x", "https://b.example/x"},
           Row{"a b", "http://a.example:81/b/c/a%20b"},
           Row{"//a.example:81/x", "http://a.example:81/x"},
       }) {
    SCOPED_TRACE(reference);
    const auto url = base->resolve(reference);
    ASSERT_TRUE(url) << url.error().for_log;
    EXPECT_EQ(url->text(), whole);
    EXPECT_EQ(url->user, url->text().starts_with("http://a.example:81/") ? "joe:pw" : "");
  }
  EXPECT_EQ(base->resolve("http://eve:pw@b.example/")->user, "");
  EXPECT_EQ(base->resolve("http://eve:pw@a.example:81/")->user, "joe:pw");
  for (const char* reference : {"ftp://x.example/", "javascript:alert(1)", "data:,x", "//127.1/", "http:x", "//"})
    EXPECT_FALSE(base->resolve(reference)) << reference;
}

}  // namespace
}  // namespace pennypost::filter
