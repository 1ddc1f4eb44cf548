// The player against small servers of its own that follow a script: what it must accept, and what it must not.
#include "conformance/player/play.h"

#include <filesystem>
#include <fstream>
#include <sstream>
#include <thread>

#include <arpa/inet.h>
#include <gmock/gmock.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include "conformance/player/run.h"

namespace pennypost::conformance {
namespace {

using testing::HasSubstr;

/// Serves each connection with one conversation: after every line (LF) read, the next piece is sent; then it closes.
class ScriptedServer {
 public:
  explicit ScriptedServer(std::vector<std::string> pieces) : pieces_{std::move(pieces)} {
    listener_ = ::socket(AF_INET, SOCK_STREAM, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    ::bind(listener_, reinterpret_cast<sockaddr*>(&address), sizeof address);
    ::listen(listener_, 8);
    socklen_t size = sizeof address;
    ::getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size);
    port_ = ntohs(address.sin_port);
    thread_ = std::jthread{[this] { serve(); }};
  }
  ~ScriptedServer() {
    ::shutdown(listener_, SHUT_RDWR);
    thread_.join();
    ::close(listener_);
  }
  int port() const { return port_; }

 private:
  void serve() {
    for (;;) {
      const int s = ::accept(listener_, nullptr, nullptr);
      if (s < 0) return;
      for (std::size_t i = 0; i < pieces_.size(); ++i) {
        if (i > 0 && !read_line(s)) break;
        (void)::send(s, pieces_[i].data(), pieces_[i].size(), MSG_NOSIGNAL);
      }
      ::shutdown(s, SHUT_WR);
      char c = 0;
      while (::recv(s, &c, 1, 0) == 1) {
      }
      ::close(s);
    }
  }
  static bool read_line(int s) {
    for (char c = 0; c != '\n';)
      if (::recv(s, &c, 1, 0) != 1) return false;
    return true;
  }

  std::vector<std::string> pieces_;
  int listener_ = -1;
  int port_ = 0;
  std::jthread thread_;
};

Outcome play(const std::string& protocol, const std::string& text, std::vector<std::string> server) {
  const ScriptedServer scripted{std::move(server)};
  auto read = parse_session("protocol: " + protocol + "\nsource: test\n" + text, "t.session");
  if (const auto* problem = std::get_if<Problem>(&read)) return {false, problem->print(), problem->line, {}};
  Target target;
  target.ports = {scripted.port(), scripted.port(), scripted.port(), 0, 0, 0};
  target.wait = std::chrono::milliseconds{300};
  const auto& session = std::get<Session>(read);
  return play_section(session, session.sections[0], target);
}

TEST(Player, WhatTheFileSaysPasses) {
  struct Row {
    const char* what;
    const char* protocol;
    const char* text;
    std::vector<std::string> server;
  };
  for (const auto& [what, protocol, text, server] : {
           Row{"a line after a line",
               "smtp",
               "S: 220 <any>\nC: QUIT\nS: 221 bye\nclosed\n",
               {"220 x\r\n", "221 bye\r\n"}},
           Row{"a set in another order",
               "imap",
               "C: a X\nS& * 1 A\nS& * 2 B\nS: a OK\n",
               {"", "* 2 B\r\n* 1 A\r\na OK\r\n"}},
           Row{"the same line twice in a set",
               "imap",
               "C: a X\nS& * B\nS& * B\nS: a OK\n",
               {"", "* B\r\n* B\r\na OK\r\n"}},
           Row{"an optional line that is missing", "imap", "C: a X\nS? * B\nS: a OK\n", {"", "a OK\r\n"}},
           Row{"any number of lines",
               "pop3",
               "C: LIST\nS: +OK\nS* <number> <number>\nS: .\n",
               {"", "+OK\r\n1 2\r\n2 3\r\n.\r\n"}},
           Row{"a set that ends by itself",
               "imap",
               "C: a X\nS& * A\nS& * B\nC: b X\nS: b OK\n",
               {"", "* B\r\n* A\r\n", "b OK\r\n"}},
           Row{"the last line of a set is its end",
               "smtp",
               "C: EHLO x\nS& 250<re:[- ]>SIZE 0\nS* 250-<any>\nS: 250 <any>\n",
               {"", "250-hi\r\n250-A\r\n250 SIZE 0\r\n"}},
           Row{"a literal in a response",
               "imap",
               "let m\n| x\n|\nC: a X\nS: * 1 FETCH (BODY[] ${literal:m})\nS: a OK\n",
               {"", "* 1 FETCH (BODY[] {5}\r\nx\r\n\r\n)\r\na OK\r\n"}},
           Row{"a text of several lines",
               "pop3",
               "let m\n| x\n|\n| y\nC: RETR 1\nS: +OK\nS: ${m}\nS: .\n",
               {"", "+OK\r\nx\r\n\r\ny\r\n.\r\n"}},
           Row{"octet by octet", "smtp", "pace octet 1ms\nC: NOOP\nS: 250 OK\n", {"", "250 OK\r\n"}},
           Row{"a capture that comes again",
               "imap",
               "S: * <n=number> X\nC: a ${n}\nS: ${add:n:1}\n",
               {"* 4 X\r\n", "5\r\n"}},
           Row{"silence", "smtp", "S: 220\nquiet 50ms\nC: X\nS: 1\n", {"220\r\n", "1\r\n"}},
           Row{"half-close", "smtp", "S: 220\nhalf-close\nclosed\n", {"220\r\n", "never\r\n"}},
       }) {
    SCOPED_TRACE(what);
    const auto outcome = play(protocol, text, server);
    EXPECT_TRUE(outcome.passed) << outcome.reason << "\n" << side_by_side(outcome, 40);
  }
}

TEST(Player, WhatTheFileDoesNotSayFailsAtItsLine) {
  struct Row {
    const char* what;
    const char* protocol;
    const char* text;
    std::vector<std::string> server;
    std::size_t line;
    const char* reason;
  };
  for (const auto& [what, protocol, text, server, line, reason] : {
           Row{"another line", "smtp", "S: 220 x\n", {"221 x\r\n"}, 3, "another line"},
           Row{"silence", "smtp", "S: 220\nC: X\nS: 250\nS: 251\n", {"220\r\n", "250\r\n", ""}, 6, "sent nothing"},
           Row{"closed instead of a line", "smtp", "S: 220\nS: 221\n", {"220\r\n"}, 4, "closed"},
           Row{"a line that ends with LF alone", "smtp", "S: 220\n", {"220\n"}, 3, "closed"},
           Row{"open instead of closed", "smtp", "S: 220\nclosed 100ms\n", {"220\r\n", ""}, 4, "did not close"},
           Row{"a line instead of a close", "smtp", "S: 220\nclosed\n", {"220\r\nmore\r\n"}, 4, "should have closed"},
           Row{"a line instead of silence", "smtp", "quiet 100ms\n", {"220\r\n"}, 3, "silent"},
           Row{"half a line instead of silence", "smtp", "quiet 100ms\n", {"220", ""}, 3, "silent"},
           Row{"a line outside of the set", "imap", "C: a X\nS& * A\nS: a OK\n", {"", "* B\r\n"}, 4, "not in the set"},
           Row{"the end before a line that must come",
               "imap",
               "C: a X\nS& * A\nS: a OK\n",
               {"", "a OK\r\n"},
               4,
               "the end came"},
           Row{"a forbidden line",
               "imap",
               "C: a X\nS! * <number> EXPUNGE\nS* * <any>\nS: a OK\n",
               {"", "* 1 EXPUNGE\r\na OK\r\n"},
               4,
               "forbidden"},
           Row{"an optional line twice",
               "imap",
               "C: a X\nS? * A\nS: a OK\n",
               {"", "* A\r\n* A\r\na OK\r\n"},
               5,
               "not in the set"},
           Row{"a text that is cut",
               "pop3",
               "let m\n| x\n| y\nC: R\nS: ${m}\nS: .\n",
               {"", "x\r\n.\r\n"},
               7,
               "another line"},
           Row{"plain text before TLS", "smtp", "S: 220\ntls\n", {"220\r\n250 injected\r\n"}, 4, "plain text"},
           Row{"no account of that name", "smtp", "C: ${alice}\n", {""}, 3, "alice"},
       }) {
    SCOPED_TRACE(what);
    const auto outcome = play(protocol, text, server);
    EXPECT_FALSE(outcome.passed);
    EXPECT_EQ(outcome.line, line);
    EXPECT_THAT(outcome.reason, HasSubstr(reason));
  }
}

TEST(Player, TheDifferenceShowsBothSides) {
  const auto outcome = play("smtp", "S: 220 <any>\nC: NOOP\nS: 250 OK\n", {"220 ready\r\n", "500 what\t?\r\n"});
  const auto text = side_by_side(outcome, 20);
  EXPECT_THAT(text, HasSubstr("3 = S: 220 <any>         | 220 ready"));
  EXPECT_THAT(text, HasSubstr("4 > C: NOOP              | NOOP"));
  EXPECT_THAT(text, HasSubstr("5 ! S: 250 OK            | 500 what\\x09?"));
}

TEST(PlayFiles, CountsSectionsAndBrokenFiles) {
  namespace fs = std::filesystem;
  const fs::path folder = fs::temp_directory_path() / ("play_files_test." + std::to_string(::getpid()));
  fs::create_directories(folder / "sub");
  const auto write = [&](const char* name, const char* text) { std::ofstream{folder / name} << text; };
  write("good.session", "protocol: smtp\nsource: t\nrfc: yes\n== One ==\nS: 220\n== Two ==\nS: 221\n");
  write("sub/skipped.session", "protocol: smtp\nsource: t\nskip: here - not yet\nS: 220\n");
  write("broken.session", "protocol: smtp\nsource: t\nWhat\n");
  write("other.txt", "not a session");
  const ScriptedServer server{{"220\r\n"}};
  Target target;
  target.name = "here";
  target.ports.smtp = server.port();
  target.wait = std::chrono::milliseconds{300};
  const auto files = std::get<0>(session_files({folder.string()}));
  EXPECT_EQ(files.size(), 3u);
  std::ostringstream out;
  const auto tally =
      play_files(files, target, {.jobs = 2, .rfc_only = false, .verbose = true, .only = "", .width = 30}, out);
  fs::remove_all(folder);
  EXPECT_EQ(tally.passed, 1);
  EXPECT_EQ(tally.failed, 2);
  EXPECT_EQ(tally.skipped, 1);
  EXPECT_TRUE(out.str().ends_with("1 passed, 2 failed\n")) << out.str();
  EXPECT_THAT(out.str(), HasSubstr("broken.session:3:1: no statement"));
}

TEST(PlayFiles, AServerThatIsNotThereFailsEverySection) {
  Target target;
  target.ports.smtp = 1;
  auto read = parse_session("protocol: smtp\nsource: t\nS: 220\n", "t");
  const auto& session = std::get<Session>(read);
  const auto outcome = play_section(session, session.sections[0], target);
  EXPECT_FALSE(outcome.passed);
  EXPECT_THAT(outcome.reason, HasSubstr("cannot connect"));
}

}  // namespace
}  // namespace pennypost::conformance
