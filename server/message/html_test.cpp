// HTML to text, tags, attributes, entities.
#include "server/message/html.h"

#include <gtest/gtest.h>

namespace pennypost::message {
namespace {

struct Row {
  const char* what;
  const char* in;
  const char* out;
};

TEST(Html, BecomesText) {
  for (const auto& [what, in, out] : {
           Row{"plain", "hello", "hello"},
           Row{"white space", " a \r\n\t b ", "a b"},
           Row{"tags", "a<b>b</b>c", "abc"},
           Row{"paragraphs", "<p>a</p><p>b</p>", "a\n\nb"},
           Row{"breaks", "a<br>b<BR/>c", "a\nb\nc"},
           Row{"divisions", "<div>a</div><div><div>b</div></div>", "a\nb"},
           Row{"list", "<ul><li>a</li><li>b</li></ul>", "a\nb"},
           Row{"table", "<table><tr><td>a</td><td>b</td></tr><tr><td>c</td></tr></table>", "a b\nc"},
           Row{"script and style", "a<script>if (1<2) x('</b>');</script><style>p{}</style>b", "ab"},
           Row{"title", "<head><title>T</title></head><body>b", "b"},
           Row{"comment", "a<!-- <b> -- > -->b", "ab"},
           Row{"empty comment", "a<!-->b", "ab"},
           Row{"declaration", "<!DOCTYPE html><?xml version='1'?>a", "a"},
           Row{"conditional", "<![if !mso]>a<![endif]>", "a"},
           Row{"entities", "&lt;&amp;&gt; &eacute; &#233; &#xE9; &euro; &nbsp;x",
               "<&> \xC3\xA9 \xC3\xA9 \xC3\xA9 \xE2\x82\xAC  x"},
           Row{"no entity", "AT&T &unknown; & &#; &#x;", "AT&T &unknown; & &#; &#x;"},
           Row{"entity without semicolon", "&copy 2026 &amp", "\xC2\xA9 2026 &"},
           Row{"impossible numbers", "&#0;&#1114112;&#xD800;&#99999999999;",
               "\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD"},
           Row{"soft hyphen", "a&shy;b", "ab"},
           Row{"quoted sign in a tag", "<a title=\"a > b\">x</a>", "x"},
           Row{"stray quote in a tag", "<a b\">x</a>", "x"},
           Row{"no tag", "1 < 2 <3 <", "1 < 2 <3 <"},
           Row{"no end of tag", "a<b c", "a"},
           Row{"no end of comment", "a<!-- b", "a"},
           Row{"no end of script", "a<script>b", "a"},
           Row{"preformatted", "<pre>a\n  b</pre>c", "a\n  b\n\nc"},
           Row{"closing pre alone", "</pre>a  b", "a b"},
           Row{"UTF-8", "<p>\xC3\xA4</p>", "\xC3\xA4"},
           Row{"nothing", "", ""},
       }) {
    EXPECT_EQ(html_to_text(in), out) << what;
  }
}

TEST(Html, StopsNearTheLimit) {
  std::string html;
  for (int i = 0; i < 10'000; ++i) html += "<p>word</p>";
  EXPECT_LE(html_to_text(html, 100).size(), 110U);
}

TEST(Html, TagsAreListedWithTheirAttributes) {
  const auto tags =
      html_tags("<A HREF='x&amp;y' class=big>t</A><img src=\"a.png\"/><!-- <i> --><script src=s>'<b>'</script><br>");
  std::string names;
  for (const Tag& tag : tags) names += tag.name + " ";
  EXPECT_EQ(names, "a /a img script br ");
  EXPECT_EQ(attribute(tags[0].all, "href"), "x&y");
  EXPECT_EQ(attribute(tags[0].all, "CLASS"), "big");
  EXPECT_EQ(attribute(tags[0].all, "id"), "");
  EXPECT_EQ(attribute(tags[2].all, "src"), "a.png");
  EXPECT_EQ(attribute("<a b = c d>", "b"), "c");
  EXPECT_EQ(attribute("<a href", "href"), "");
  EXPECT_EQ(attribute("<a href=\"open", "href"), "open");
  EXPECT_EQ(attribute("<a =x y=z>", "y"), "z");
}

TEST(Html, EscapedTextStandsForItself) {
  for (const std::string text : {"<a href=\"x\" title='y'>&amp;</a>", "", "plain", "\xC3\xBC<"}) {
    const std::string escaped = html_escaped(text);
    EXPECT_EQ(escaped.find_first_of("<>\"'"), std::string::npos) << escaped;
    EXPECT_EQ(decode_entities(escaped), text);
  }
}

}  // namespace
}  // namespace pennypost::message
