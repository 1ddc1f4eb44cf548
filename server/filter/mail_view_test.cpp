#include "server/filter/mail_view.h"

#include <gmock/gmock.h>

#include "ruleinterp/compile.h"
#include "ruleinterp/machine.h"

namespace pennypost::filter {
namespace {

using ::testing::ElementsAre;
using ::testing::SizeIs;

constexpr std::string_view kMessage =
    "Subject: =?utf-8?B?R3LDvMOfZQ==?=\r\n"
    "To: Ann <a@example.org>,\r\n b@example.org\r\n"
    "Cc: a@example.org\r\n"
    "Content-Type: multipart/mixed; boundary=x\r\n"
    "\r\n"
    "--x\r\nContent-Type: multipart/alternative; boundary=y\r\n\r\n"
    "--y\r\nContent-Type: text/plain; charset=iso-8859-1\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n"
    "caf=E9 http://one.example/a%20b\r\n"
    "--y\r\nContent-Type: text/html\r\n\r\n<p>V<b>ia</b>gra <a href=\"http://two.example/?a=1&amp;b\">x</a></p>\r\n"
    "--y--\r\n"
    "--x\r\nContent-Type: application/octet-stream; name=\"Report.EXE\"\r\nContent-Transfer-Encoding: base64\r\n"
    "Content-Disposition: attachment\r\n\r\nTVo=\r\n--x--\r\n";

std::map<std::string, std::string> variables_after(const std::string& script) {
  ruleinterp::ScriptTexts files;
  files.set("spamrules.txt", script);
  const ruleinterp::Compiled compiled = ruleinterp::compile_from(files);
  for (const auto& problem : compiled.problems) ADD_FAILURE() << ruleinterp::describe(problem);
  if (!compiled.program) return {};
  const message::Message message = message::parse(kMessage);
  const MailView mail{message};
  ruleinterp::Envelope envelope;
  envelope.recipients = recipients_in_header(mail);
  const ruleinterp::Host host;
  return ruleinterp::Run{*compiled.program, mail, envelope, host, {}}.execute().variables;
}

TEST(MailView, AHeaderThatIsOnlyAnEmptyLineIsEmpty) {
  for (const auto& [raw, header] : {std::pair<std::string, std::string>{"\r\ntext", ""},
                                    {"\ntext", ""},
                                    {"A: b\r\n\r\ntext", "A: b\r\n"},
                                    {"A: b\n\ntext", "A: b\n"},
                                    {"A: b\r\n", "A: b\r\n"},
                                    {"", ""}}) {
    const auto parsed = message::parse(raw);
    EXPECT_EQ(MailView{parsed}.raw_header(), header) << raw;
  }
}

TEST(MailView, AScriptSeesTheDecodedMessage) {
  const auto found = variables_after(
      "${s} = ${Subject}\n"
      "IfMatch text \"/^caf\xC3\xA9/\"\n${text} = 1\nEndIf\n"
      "IfMatch htmltext Viagra\n${html} = 1\nEndIf\n"
      "IfMatch Raw-Subject \"=?utf-8?\"\n${raw} = 1\nEndIf\n"
      "IfMatch To \"/^Ann <a@example.org>, b@example.org$/\"\n${unfolded} = 1\nEndIf\n"
      "ForEach URL u\n${urls} .= \"${u};\"\nEndFor\n"
      "ForEach Recipient r\n${to} .= \"${r};\"\nEndFor\n"
      "ForEach Tag t\n${tags} .= \"${t};\"\nEndFor\n"
      "ForEach MimeSection m\n${sections} .= \"${m};\"\nEndFor\n"
      "${n} = ${AttachmentCount}\nGetDecodedSection 3 exe\nGetDecodedSection 1.1 plain\n");
  EXPECT_EQ(found.at("s"),
            "Gr\xC3\xBC\xC3\x9F"
            "e");
  EXPECT_EQ(found.at("text"), "1");
  EXPECT_EQ(found.at("html"), "1");
  EXPECT_EQ(found.at("raw"), "1");
  EXPECT_EQ(found.at("unfolded"), "1");
  EXPECT_EQ(found.at("urls"), "http://one.example/a b;http://two.example/?a=1&b;");
  EXPECT_EQ(found.at("to"), "a@example.org;b@example.org;");
  EXPECT_EQ(found.at("tags"), "p;b;/b;a href=\"http://two.example/?a=1&amp;b\";/a;/p;");
  EXPECT_EQ(found.at("sections"),
            "1:1.1:text/plain:31:0:;2:1.2:text/html:66:0:;3:2:application/octet-stream:4:0:Report.EXE;");
  EXPECT_EQ(found.at("n"), "1");
  EXPECT_EQ(found.at("exe"), "MZ");
  EXPECT_EQ(found.at("plain"), "caf\xE9 http://one.example/a%20b");
}

TEST(MailView, OctetsThatAreNoMessageGiveEmptyViews) {
  for (const std::string_view raw : {"", "\r\n", "no header at all", "\xFF\x00\xFE", "A:\r\n\tb\r\n\r\n"}) {
    const message::Message message = message::parse(raw);
    const MailView mail{message};
    for (const auto& field : mail.fields()) EXPECT_FALSE(field.name.empty());
    for (std::size_t i = 0; i < mail.sections().size(); ++i) EXPECT_LE(mail.text(i).size(), raw.size() * 3);
    EXPECT_EQ(mail.size(), raw.size());
  }
}

}  // namespace
}  // namespace pennypost::filter
