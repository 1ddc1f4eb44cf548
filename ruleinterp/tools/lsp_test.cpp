// The language server over its protocol.
#include "ruleinterp/tools/lsp.h"

#include <sstream>

#include <gmock/gmock.h>

namespace pennypost::ruleinterp {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

std::string framed(const std::string& message) {
  return "Content-Length: " + std::to_string(message.size()) + "\r\n\r\n" + message;
}

// What the server sends back for these messages, all in one text.
std::string said(const std::vector<std::string>& messages) {
  std::string input;
  for (const std::string& message : messages) input += framed(message);
  std::istringstream in{input};
  std::ostringstream out;
  EXPECT_EQ(serve_editor(in, out), 0);
  return out.str();
}

const std::string kOpen =
    R"({"jsonrpc":"2.0","method":"textDocument/didOpen","params":{"textDocument":{"uri":"file:///nowhere/my%20rules.txt","languageId":"rules","version":1,"text":"Goto ende\nAddBga unique b v\n:end\n${x} = LENGTH a\n"}}})";

std::string at(const std::string& method, int line, int character) {
  return R"({"jsonrpc":"2.0","id":7,"method":"textDocument/)" + method +
         R"(","params":{"textDocument":{"uri":"file:///nowhere/my%20rules.txt"},"position":{"line":)" +
         std::to_string(line) + R"(,"character":)" + std::to_string(character) + "}}}";
}

TEST(LanguageServer, SaysWhatItCan) {
  EXPECT_THAT(
      said({R"({"jsonrpc":"2.0","id":1,"method":"initialize","params":{}})"}),
      HasSubstr(R"({"jsonrpc":"2.0","id":1,"result":{"capabilities":{"textDocumentSync":1,"hoverProvider":true)"));
}

TEST(LanguageServer, PublishesProblemsOfWhatIsOpen) {
  const std::string out = said({kOpen});
  EXPECT_THAT(out, HasSubstr("publishDiagnostics"));
  EXPECT_THAT(out, HasSubstr(R"({"start":{"line":0,"character":5},"end":{"line":0,"character":9}})"));
  EXPECT_THAT(out, HasSubstr("there is no label ende; did you mean end?"));
  EXPECT_THAT(out, HasSubstr("did you mean AddBag?"));
  const std::string fixed = said(
      {kOpen,
       R"({"jsonrpc":"2.0","method":"textDocument/didChange","params":{"textDocument":{"uri":"file:///nowhere/my%20rules.txt"},"contentChanges":[{"text":"Goto end\n:end\n"}]}})"});
  EXPECT_THAT(fixed, HasSubstr(R"("diagnostics":[]})"));
}

TEST(LanguageServer, ColumnsCountUtf16Units) {
  const std::string out = said(
      {R"({"jsonrpc":"2.0","method":"textDocument/didOpen","params":{"textDocument":{"uri":"file:///nowhere/my%20rules.txt","text":"Log \"\u00e9\ud83d\ude00\" \"x\"\nIfMatch \"\u00e9\u00e9\" subject\nEndIf\n"}}})",
       at("hover", 1, 13)});
  // Log "é<smile>" "x": the surplus word begins behind 4 + 1 + 1 + 2 + 1 + 1 units.
  EXPECT_THAT(out, HasSubstr(R"({"start":{"line":0,"character":10},"end":{"line":0,"character":13}})"));
  EXPECT_THAT(out, HasSubstr("Subject of the message"));
}

TEST(LanguageServer, HoverShowsTheManual) {
  EXPECT_THAT(said({kOpen, at("hover", 3, 9)}), HasSubstr("The length in characters."));
  EXPECT_THAT(said({kOpen, at("hover", 1, 2)}), HasSubstr(R"("id":7,"result":null)"));
}

TEST(LanguageServer, CompletionKnowsStatementsFunctionsAndVariables) {
  EXPECT_THAT(said({kOpen, at("completion", 1, 3)}), HasSubstr("AddBag <unique|multi> <bag name> <value>"));
  EXPECT_THAT(said({kOpen, at("completion", 3, 8)}), HasSubstr(R"("label":"CEIL")"));
  EXPECT_THAT(said({kOpen, at("completion", 3, 2)}), HasSubstr(R"("label":"SenderIP")"));
}

TEST(LanguageServer, DefinitionIsTheLabel) {
  const std::string out = said(
      {kOpen,
       R"({"jsonrpc":"2.0","method":"textDocument/didChange","params":{"textDocument":{"uri":"file:///nowhere/my%20rules.txt"},"contentChanges":[{"text":"Goto END\n\n:end\n"}]}})",
       at("definition", 0, 6)});
  EXPECT_THAT(out, HasSubstr(R"({"uri":"file:///nowhere/my%20rules.txt","range":{"start":{"line":2,"character":1})"));
}

TEST(LanguageServer, NonsenseIsAnsweredWithAnError) {
  EXPECT_THAT(said({"nonsense"}), HasSubstr("-32700"));
  EXPECT_THAT(said({"[]"}), HasSubstr("-32600"));
  EXPECT_THAT(said({R"({"jsonrpc":"2.0","id":3,"method":"frob"})"}), HasSubstr("-32601"));
  EXPECT_THAT(said({R"({"jsonrpc":"2.0","method":"$/frob"})"}), Not(HasSubstr("error")));
  std::istringstream in{"rubbish\r\n\r\n"};
  std::ostringstream out;
  EXPECT_EQ(serve_editor(in, out), 1);
}

TEST(LanguageServer, ExitsWellOnlyAfterAShutdown) {
  const std::string exit = framed(R"({"jsonrpc":"2.0","method":"exit"})");
  std::ostringstream out;
  std::istringstream abrupt{exit};
  EXPECT_EQ(serve_editor(abrupt, out), 1);
  std::istringstream orderly{framed(R"({"jsonrpc":"2.0","id":1,"method":"shutdown"})") + exit};
  EXPECT_EQ(serve_editor(orderly, out), 0);
  for (const char* length : {"99999999999", "-5", "50"}) {
    SCOPED_TRACE(length);
    std::istringstream bad{std::string{"Content-Length: "} + length + "\r\n\r\nshort"};
    EXPECT_EQ(serve_editor(bad, out), 1);
  }
}

}  // namespace
}  // namespace pennypost::ruleinterp
