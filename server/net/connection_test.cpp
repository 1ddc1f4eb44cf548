// Real sockets on loopback: one end is a Connection, the other a plain socket that does what no decent peer would do.
#include "server/net/connection.h"

#include <numeric>
#include <thread>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/socket.h>

#include "server/net/test_peer.h"

namespace pennypost::net {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;

constexpr Octets kMost{100};

// What read_line gives until the end: the lines, and the errors by their word.
std::vector<std::string> lines_of(Connection& connection, Octets most = kMost) {
  std::vector<std::string> all;
  for (;;) {
    const auto line = connection.read_line(most, 5s);
    if (line) {
      all.emplace_back(*line);
    } else if (connection.ended() != Ended::no) {
      return all;
    } else {
      all.push_back(std::string{"!"} + word(line.error().kind));
    }
  }
}

std::vector<std::string> lines_of(std::string_view sent, std::size_t at_once, LineEnds ends) {
  Pair pair;
  pair.server->set_line_ends(ends);
  std::jthread peer{[&] {
    for (std::size_t i = 0; i < sent.size(); i += at_once) pair.client.send(sent.substr(i, at_once));
    pair.client.half_close();
  }};
  return lines_of(*pair.server);
}

struct LineCase {
  const char* what;
  std::string sent;
  std::vector<std::string> strict;
  std::vector<std::string> lenient;
};
const LineCase kLineCases[] = {
    {"two lines", "NOOP\r\nQUIT\r\n", {"NOOP", "QUIT"}, {"NOOP", "QUIT"}},
    {"an empty line", "\r\nA\r\n", {"", "A"}, {"", "A"}},
    {"bare LF", "A\nB\r\nC\r\n", {"!bad_input", "C"}, {"A", "B", "C"}},
    {"bare LF first", "\nA\r\nC\r\n", {"!bad_input", "C"}, {"", "A", "C"}},
    {"bare CR", "A\rB\r\nC\r\n", {"!bad_input", "C"}, {"A\rB", "C"}},
    {"CR CR LF", "A\r\r\nC\r\n", {"!bad_input", "C"}, {"A\r", "C"}},
    {"LF CR", "A\n\rB\r\nC\r\n", {"!bad_input", "C"}, {"A", "\rB", "C"}},
    {"NUL is no end", std::string{"A\0B\r\n", 5}, {std::string{"A\0B", 3}}, {std::string{"A\0B", 3}}},
    {"cut off", "NOOP\r\nQUI", {"NOOP"}, {"NOOP"}},
    {"cut off after CR", "NOOP\r\nQUIT\r", {"NOOP"}, {"NOOP"}},
    {"nothing", "", {}, {}},
    {"as long as allowed",
     std::string(100, 'x') + "\r\nA\r\n",
     {std::string(100, 'x'), "A"},
     {std::string(100, 'x'), "A"}},
    {"one too long", std::string(101, 'x') + "\r\nA\r\n", {"!too_large", "A"}, {"!too_large", "A"}},
    {"much too long", std::string(300'000, 'x') + "\r\nA\r\n", {"!too_large", "A"}, {"!too_large", "A"}},
    {"a command at the end of a line too long",
     std::string(5'000, ' ') + "DELE 1\r\nA\r\n",
     {"!too_large", "A"},
     {"!too_large", "A"}},
    {"too long with bare LF", std::string(200, 'x') + "\nB\r\nA\r\n", {"!too_large", "A"}, {"!too_large", "B", "A"}},
    {"too long and cut off", std::string(200, 'x'), {}, {}},
};

TEST(Connection, LinesEndWhereTheModeSaysAndTheRestOfABadLineIsNoCommand) {
  for (const LineCase& row : kLineCases) {
    SCOPED_TRACE(row.what);
    EXPECT_EQ(lines_of(row.sent, 1'000'000, LineEnds::strict), row.strict);
    EXPECT_EQ(lines_of(row.sent, 1'000'000, LineEnds::lenient), row.lenient);
  }
}

TEST(Connection, OneOctetAtATimeReadsTheSameLinesAsAllAtOnce) {
  for (const LineCase& row : kLineCases) {
    SCOPED_TRACE(row.what);
    if (row.sent.size() > 1000) continue;
    EXPECT_EQ(lines_of(row.sent, 1, LineEnds::strict), row.strict);
    EXPECT_EQ(lines_of(row.sent, 1, LineEnds::lenient), row.lenient);
  }
}

TEST(Connection, ALineIsWaitedForAsLongAsSaidAndNoLonger) {
  Pair pair;
  pair.client.send("NOO");
  const auto before = Connection::Clock::now();
  const auto line = pair.server->read_line(kMost, 1s);
  ASSERT_FALSE(line);
  EXPECT_EQ(line.error().kind, Kind::unavailable);
  EXPECT_EQ(pair.server->ended(), Ended::by_time);
  EXPECT_GE(Connection::Clock::now() - before, 1s);
  pair.server->write("421 too slow\r\n");
  EXPECT_TRUE(pair.server->flush());
  EXPECT_EQ(pair.client.read(14), "421 too slow\r\n");
}

TEST(Connection, OneOctetASecondDoesNotLastForEver) {
  Pair pair;
  pair.server->set_line_time(2s);
  std::jthread peer{[&](const std::stop_token& enough) {
    while (!enough.stop_requested()) {
      pair.client.send("x");
      std::this_thread::sleep_for(300ms);
    }
  }};
  EXPECT_FALSE(pair.server->read_line(kMost, 60s));
  EXPECT_EQ(pair.server->ended(), Ended::by_time);
}

TEST(Connection, ADeadlineHoldsForABusyPeerToo) {
  Pair pair;
  pair.server->set_deadline(Connection::Clock::now() + 1s);
  std::jthread peer{[&](const std::stop_token& enough) {
    while (!enough.stop_requested()) {
      pair.client.send("x");
      std::this_thread::sleep_for(50ms);
    }
  }};
  std::string into;
  EXPECT_FALSE(pair.server->read_exactly(10_KiB, into, 60s));
  EXPECT_EQ(pair.server->ended(), Ended::by_time);
  EXPECT_GT(into.size(), 5U);
  pair.server->set_deadline(std::nullopt);
  EXPECT_TRUE(pair.server->read_some(60s));
}

TEST(Connection, ADeadlineThatIsPastHoldsEvenWhereOctetsAreAtHand) {
  Pair pair;
  pair.client.send(std::string(100'000, 'x'));
  pair.server->set_deadline(Connection::Clock::now());
  std::string into;
  EXPECT_FALSE(pair.server->read_exactly({100'000}, into, 60s));
  EXPECT_EQ(pair.server->ended(), Ended::by_time);
}

TEST(Connection, OctetsBehindALineAreThereForWhatComesNext) {
  Pair pair;
  pair.client.send("DATA\r\nhello\r\n.\r\nQUIT\r\n");
  EXPECT_EQ(*pair.server->read_line(kMost, 5s), "DATA");
  const auto some = pair.server->read_some(5s);
  ASSERT_TRUE(some);
  const std::size_t end = some->find("\r\n.\r\n");
  ASSERT_NE(end, std::string_view::npos);
  pair.server->consume(end + 5);
  EXPECT_EQ(*pair.server->read_line(kMost, 5s), "QUIT");
}

TEST(Connection, ReadMoreKeepsWhatStandsThereAndHasALimit) {
  Pair pair;
  pair.client.send("ab");
  EXPECT_EQ(*pair.server->read_some(5s), "ab");
  EXPECT_EQ(*pair.server->read_some(5s), "ab");
  pair.client.send("cd");
  EXPECT_EQ(*pair.server->read_more(5s), "abcd");
  pair.server->consume(1);
  EXPECT_EQ(pair.server->buffered(), "bcd");
  std::jthread peer{[&] { pair.client.send(std::string(kNetLookAhead.most.size() + 1000, 'x')); }};
  for (;;) {
    const auto more = pair.server->read_more(5s);
    if (!more) {
      EXPECT_EQ(more.error().kind, Kind::too_large);
      break;
    }
    ASSERT_LE(more->size(), kNetLookAhead.most.size());
  }
}

TEST(Connection, LiteralsComeWholeOrNotAtAll) {
  Pair pair;
  const std::string literal(1'000'000, 'l');
  std::jthread peer{[&] {
    pair.client.send(literal);
    pair.client.send(literal);
    pair.client.send("rest");
    pair.client.half_close();
  }};
  std::string into;
  ASSERT_TRUE(pair.server->read_exactly({1'000'000}, into, 5s));
  EXPECT_EQ(into, literal);
  ASSERT_TRUE(pair.server->skip({1'000'000}, 5s));
  into.clear();
  EXPECT_FALSE(pair.server->read_exactly({5}, into, 5s));
  EXPECT_EQ(pair.server->ended(), Ended::by_peer);
}

TEST(Connection, AHalfClosedPeerStillGetsItsReplies) {
  Pair pair;
  pair.client.send("QUIT\r\n");
  pair.client.half_close();
  EXPECT_EQ(*pair.server->read_line(kMost, 5s), "QUIT");
  pair.server->write("221 bye\r\n");
  EXPECT_FALSE(pair.server->read_line(kMost, 5s));  // sends what was gathered before it waits
  EXPECT_EQ(pair.server->ended(), Ended::by_peer);
  pair.server->write("more\r\n");
  pair.server->close();
  EXPECT_EQ(pair.client.read_to_end(), "221 bye\r\nmore\r\n");
}

TEST(Connection, RepliesToPipelinedCommandsLeaveTogether) {
  Pair pair;
  pair.client.send("A\r\nB\r\nC\r\n");
  for (const char* reply : {"1\r\n", "2\r\n", "3\r\n"}) {
    ASSERT_TRUE(pair.server->read_line(kMost, 5s));
    pair.server->write(reply);
  }
  EXPECT_EQ(pair.client.available(100ms), 0U);
  EXPECT_EQ(pair.server->wait(0s), Woken::timeout);
  EXPECT_EQ(pair.client.read(9), "1\r\n2\r\n3\r\n");
}

TEST(Connection, LargeRepliesArriveWholeAtASlowReader) {
  Pair pair;
  std::string body(20'000'000, '\0');
  std::iota(body.begin(), body.end(), '\0');
  std::string got;
  std::jthread peer{[&] {
    std::this_thread::sleep_for(200ms);
    got = pair.client.read_to_end();
  }};
  pair.server->write("* 1 FETCH\r\n");
  pair.server->write(body);
  pair.server->write("A OK\r\n");
  pair.server->close();
  peer.join();
  EXPECT_TRUE(got == "* 1 FETCH\r\n" + body + "A OK\r\n");
  EXPECT_EQ(pair.server->sent().count, 20'000'017);
}

TEST(Connection, APeerThatTakesNothingIsGivenUp) {
  Pair pair;
  pair.server->set_write_wait(1s);
  pair.server->write(std::string(50'000'000, 'x'));
  const auto flushed = pair.server->flush();
  ASSERT_FALSE(flushed);
  EXPECT_EQ(flushed.error().kind, Kind::unavailable);
  EXPECT_FALSE(pair.server->read_line(kMost, 5s));
}

TEST(Connection, SendingEndsAtItsDeadlineThoughThePeerTakesALittleAtATime) {
  Pair pair;
  std::atomic<bool> over = false;
  std::thread trickle{[&] {
    while (!over && pair.client.read(65536).size() == 65536) std::this_thread::sleep_for(20ms);
  }};
  const auto began = Connection::Clock::now();
  pair.server->set_send_deadline(began + 300ms);
  pair.server->write(std::string(100'000'000, 'x'));
  const auto flushed = pair.server->flush();
  EXPECT_LT(Connection::Clock::now() - began, 5s);
  over = true;
  pair.server.reset();
  trickle.join();
  ASSERT_FALSE(flushed);
  EXPECT_EQ(flushed.error().kind, Kind::unavailable);
}

TEST(Connection, APeerThatIsGoneIsAnErrorAndNoSignal) {
  Pair pair;
  pair.client.reset();
  for (int i = 0; i < 100 && pair.server->flush(); ++i) {
    pair.server->write(std::string(100'000, 'x'));
    std::this_thread::sleep_for(1ms);
  }
  EXPECT_FALSE(pair.server->flush());
  EXPECT_EQ(pair.server->ended(), Ended::broken);
}

TEST(Connection, WaitTellsInputEventTimeoutStopAndClosed) {
  Pair pair;
  EXPECT_EQ(pair.server->wait(0s), Woken::timeout);
  pair.client.send("DONE\r\n");
  EXPECT_EQ(pair.server->wait(5s), Woken::input);
  EXPECT_EQ(pair.server->wait(5s), Woken::input);
  EXPECT_EQ(*pair.server->read_line(kMost, 5s), "DONE");
  pair.server->wake();
  pair.server->wake();
  EXPECT_EQ(pair.server->wait(5s), Woken::event);
  EXPECT_EQ(pair.server->wait(0s), Woken::timeout);
  {
    std::jthread other{[&] {
      std::this_thread::sleep_for(100ms);
      pair.server->wake();
    }};
    EXPECT_EQ(pair.server->wait(5s), Woken::event);
  }
  pair.client.half_close();
  EXPECT_EQ(pair.server->wait(5s), Woken::closed);
  pair.server->stop();
  EXPECT_EQ(pair.server->wait(5s), Woken::stop);
}

TEST(Connection, NewsDuringARunOfOctetsIsNotLost) {
  Pair pair;
  pair.server->wake();
  pair.client.send("A\r\n");
  EXPECT_EQ(*pair.server->read_line(kMost, 5s), "A");
  EXPECT_FALSE(pair.server->read_line(kMost, 1s));
  EXPECT_EQ(pair.server->ended(), Ended::by_time);
  const auto before = Connection::Clock::now();
  EXPECT_EQ(pair.server->wait(5s), Woken::event);
  EXPECT_LT(Connection::Clock::now() - before, 1s);
}

TEST(Connection, StopEndsALineButNotTheMessageUnderWay) {
  Pair pair;
  std::jthread other{[&] {
    std::this_thread::sleep_for(100ms);
    pair.server->stop();
    std::this_thread::sleep_for(100ms);
    pair.client.send("message");
  }};
  const auto line = pair.server->read_line(kMost, 5s);
  ASSERT_FALSE(line);
  EXPECT_EQ(line.error().kind, Kind::cancelled);
  std::string into;
  EXPECT_TRUE(pair.server->read_exactly({7}, into, 5s));
  EXPECT_EQ(into, "message");
  pair.server->write("421 bye\r\n");
  EXPECT_TRUE(pair.server->flush());
  EXPECT_EQ(pair.client.read(9), "421 bye\r\n");
}

TEST(Connection, CutOffEndsWhateverIsGoingOn) {
  for (const char* what : {"read", "write", "throttled"}) {
    SCOPED_TRACE(what);
    Pair pair;
    if (what == std::string_view{"throttled"}) pair.server->set_throttle(std::make_shared<Throttle>(Octets{10}));
    std::jthread other{[&] {
      std::this_thread::sleep_for(200ms);
      pair.server->cut_off();
    }};
    const auto before = Connection::Clock::now();
    std::string into;
    if (what == std::string_view{"read"}) {
      EXPECT_FALSE(pair.server->read_exactly({7}, into, 60s));
    } else {
      pair.server->write(std::string(50'000'000, 'x'));
      EXPECT_FALSE(pair.server->flush());
    }
    EXPECT_LT(Connection::Clock::now() - before, 10s);
  }
}

TEST(Connection, AThrottleSlowsDownBothWays) {
  Pair pair;
  pair.server->set_throttle(std::make_shared<Throttle>(Octets{100'000}));
  std::jthread peer{[&] { pair.client.send(std::string(200'000, 'x')); }};
  const auto before = Connection::Clock::now();
  std::string into;
  ASSERT_TRUE(pair.server->read_exactly({200'000}, into, 10s));
  EXPECT_GE(Connection::Clock::now() - before, 900ms);  // one second's worth is in the bucket
  peer.join();
  std::jthread reader{[&] { EXPECT_EQ(pair.client.read(100'000).size(), 100'000U); }};
  const auto middle = Connection::Clock::now();
  pair.server->write(std::string(100'000, 'y'));
  ASSERT_TRUE(pair.server->flush());
  EXPECT_GE(Connection::Clock::now() - middle, 900ms);
}

TEST(Connection, AddressesAreThoseOfTheSocketAndIpv4StaysIpv4) {
  Pair pair;
  EXPECT_EQ(pair.server->peer().host().toString(), "127.0.0.1");
  EXPECT_NE(pair.server->peer().port(), 0);
  EXPECT_NE(pair.server->local().port(), pair.server->peer().port());
}

TEST(Connect, NobodyThereIsUnavailableAndTheLogNamesTheAddress) {
  const auto refused = connect({.address = Poco::Net::SocketAddress{"127.0.0.1", free_port()}, .from = {}, .id = "t"});
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().kind, Kind::unavailable);
  EXPECT_THAT(refused.error().for_log, testing::HasSubstr("127.0.0.1:"));
}

TEST(Connect, GoesOutFromTheAddressThatIsAsked) {
  Poco::Net::ServerSocket listener{Poco::Net::SocketAddress{"127.0.0.1", 0}};
  const auto called = connect({.address = listener.address(), .from = Poco::Net::IPAddress{"127.0.0.7"}, .id = "t"});
  ASSERT_TRUE(called);
  EXPECT_EQ(listener.acceptConnection().peerAddress().host().toString(), "127.0.0.7");
}

TEST(Connect, SilenceIsUnavailableAfterTheTimeAndAnEventGivesTheAttemptUpBefore) {
  Poco::Net::ServerSocket listener;
  listener.bind(Poco::Net::SocketAddress{"127.0.0.1", 0});
  listener.listen(0);
  // A full backlog answers nobody: the attempts after the first ones hang.
  std::vector<std::unique_ptr<Connection>> filling;
  std::optional<Error> silence;
  for (int i = 0; i < 10 && !silence; ++i) {
    auto called = connect({.address = listener.address(), .from = {}, .wait = 1s, .id = "t"});
    if (called)
      filling.push_back(std::move(*called));
    else
      silence = called.error();
  }
  ASSERT_TRUE(silence) << "the backlog was never full";
  EXPECT_EQ(silence->kind, Kind::unavailable);
  Event stop;
  std::jthread other{[&] {
    std::this_thread::sleep_for(200ms);
    stop.signal();
  }};
  const auto given_up = connect(
      {.address = listener.address(), .from = {}, .wait = 60s, .id = "t", .stop_descriptor = stop.descriptor()});
  ASSERT_FALSE(given_up);
  EXPECT_EQ(given_up.error().kind, Kind::cancelled);
}

}  // namespace
}  // namespace pennypost::net
