// One connection, either side, plain or TLS: lines, runs of octets, replies, waiting.
#pragma once
#include <atomic>
#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include <Poco/Net/SocketAddress.h>
#include <Poco/Net/StreamSocket.h>

#include "server/base/limits.h"
#include "server/base/result.h"
#include "server/base/units.h"
#include "server/net/event.h"
#include "server/net/throttle.h"
#include "server/net/tls.h"

struct ssl_st;

namespace pennypost::net {

/// What ends a line.
enum class LineEnds {
  strict,   ///< CR LF and nothing else: a line that holds another CR or LF is refused as a whole (SMTP, RFC 5321 2.3.8)
  lenient,  ///< LF, with or without a CR before it (POP3 and IMAP commands)
};

/// Why `wait` returned.
enum class Woken {
  input,    ///< there is something to read
  event,    ///< wake() was called since the last wait
  timeout,  ///< neither, for so long
  closed,   ///< the peer is gone (nothing is left to read)
  stop,     ///< the server is stopping: say good-bye and return
};

/// Why the last read or write failed.
enum class Ended {
  no,
  by_peer,  ///< closed by the other side (its sending half at least; a reply may still arrive there)
  by_time,  ///< the time limit passed; writing still works: say so and return
  by_stop,  ///< the server is stopping; writing still works
  broken,   ///< reset, TLS error: nothing works any more
};

/// Belongs to one thread, but for `wake`, `stop`, `cut_off`, `id`, `is_tls`, the addresses and the counters, which any
/// thread may call.
///
/// Replies: `write` gathers; they go out when enough has gathered, at `flush`, and by themselves before any call here
/// waits for the peer. So a session that answers pipelined commands sends one packet, and never has to flush.
/// A failed write is kept and reported by the next `flush` or read (as Kind::unavailable), so `write` returns nothing.
///
/// Errors of everything that reads: `unavailable` (time, peer gone, broken: `ended()` says which), `cancelled` (the
/// server is stopping; only lines, `wait` and handshakes end for that, not the octets of a message under way).
///
/// Memory: an idle connection holds no buffer; a TLS one holds OpenSSL's state without its buffers.
class Connection {
 public:
  using Clock = std::chrono::steady_clock;

  /// Server side (`tls` may be null: then there is no STARTTLS). Client side: see `connect` below.
  Connection(const Poco::Net::StreamSocket& socket, std::shared_ptr<TlsServer> tls, std::string id);
  ~Connection();
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  // Lines.
  void set_line_ends(LineEnds ends) { line_ends_ = ends; }
  /// Instead of kNetLineTime.
  void set_line_time(Seconds time) { line_time_ = time; }
  /// One line without its end; valid until the next call that reads or waits. The whole line must be here within
  /// `wait`, and within kNetLineTime of its first octet. Errors, besides those above: `too_large` when `most` octets
  /// bring no line end, `bad_input` when a strict line holds a bare CR or LF. In both cases the rest of that line is
  /// skipped (before the error is returned), never taken for a command. What a peer sent before it closed, without a
  /// line end, is no line.
  Result<std::string_view> read_line(Octets most, Seconds wait);

  // Octets: literals, BDAT, DATA.
  /// What has arrived and is not yet taken; waits for at least one octet. Valid until the next call that reads or
  /// waits. Take it with `consume`; what is not taken is returned again by the next call. To get more behind it,
  /// `read_more`.
  Result<std::string_view> read_some(Seconds wait);
  /// Like read_some, but waits for at least one octet more than now stands in the buffer (for a scan that needs to look
  /// ahead). Errors: `too_large` when kNetLookAhead octets stand there untaken.
  Result<std::string_view> read_more(Seconds wait);
  /// What stands in the buffer now; does not wait.
  std::string_view buffered() const;
  void consume(std::size_t octets);
  /// Exactly `count` octets, copied behind `into`. Each wait for more lasts at most `wait`. The caller has checked
  /// `count` against its limit.
  Result<void> read_exactly(Octets count, std::string& into, Seconds wait);
  /// Takes `count` octets and forgets them (a refused literal).
  Result<void> skip(Octets count, Seconds wait);

  // Replies.
  void write(std::string_view octets);
  /// Sends what has gathered. Errors: `unavailable`, also when the peer takes nothing for `write_wait`.
  Result<void> flush();
  void set_write_wait(Seconds wait) { write_wait_ = wait; }
  /// All sending must be done by then, however busily the peer takes a little at a time; past it, the connection is
  /// broken. None lifts it. For clients with a time limit of their own: a server that passes set_deadline can still say
  /// so.
  void set_send_deadline(std::optional<Clock::time_point> deadline) { send_deadline_ = deadline; }

  // Waiting.
  /// Sends what has gathered, then waits for input, for wake() and for the stop of the server, with one poll. Buffered
  /// input counts as input. Order when several hold: stop, input, event.
  Woken wait(Seconds most);
  /// Makes a wait return `Woken::event`; reads are not disturbed. Any thread, as long as the connection lives.
  void wake();
  /// For sessions that wait on something else too: readable after wake() and stop().
  int event_descriptor() const { return event_.descriptor(); }
  /// Everything that reads must be done by then, however busy the peer is; past it, reads end by_time. None lifts it.
  /// For a message: so that one octet a second does not last for ever. TLS handshakes keep it too.
  void set_deadline(std::optional<Clock::time_point> deadline) { deadline_ = deadline; }

  // The end.
  /// Asks the session to end: lines and waits end with `cancelled`. Any thread.
  void stop();
  bool is_stopping() const { return stopping_.load(std::memory_order_relaxed); }
  /// Ends reads and writes at once, whatever they are doing. Any thread.
  void cut_off();
  /// Sends what has gathered, says good-bye in TLS, and closes our sending half; what the peer still sends is read and
  /// forgotten for a moment, so that it sees the last reply. Done by the Service after a session returns.
  void close();
  Ended ended() const { return ended_; }

  // TLS.
  bool is_tls() const { return is_tls_.load(std::memory_order_relaxed); }
  /// Server side: whether start_tls can be offered now.
  bool can_start_tls() const { return tls_server_ != nullptr && !is_tls(); }
  /// Server side. Sends what has gathered (the go-ahead reply), forgets every octet that arrived before the handshake
  /// (CVE-2011-0411), then shakes hands. Errors: `unavailable`, `bad_input` (no TLS there); the connection is then
  /// of no more use.
  Result<void> start_tls(Milliseconds wait = kNetHandshakeTime.most);
  /// Client side: the same with what the client asks for; `server_name` for SNI (when it is a name) and the check.
  Result<void> start_tls(const TlsClient& client, const std::string& server_name, Verify verify,
                         Milliseconds wait = kNetHandshakeTime.most);
  /// Octets that start_tls threw away: more than none is an attack or a broken client, worth a line in the log.
  Octets discarded_before_tls() const { return discarded_; }
  TlsFacts tls_facts() const;
  /// RFC 9266 tls-exporter or RFC 5929 tls-server-end-point data for SCRAM-PLUS; empty without TLS.
  std::string channel_binding(std::string_view type) const;

  // Who.
  const Poco::Net::SocketAddress& peer() const { return peer_; }  ///< IPv4 in IPv6 is given as IPv4
  const Poco::Net::SocketAddress& local() const { return local_; }
  const std::string& id() const { return id_; }  ///< "smtp-1f", the session in the log
  Octets received() const { return {received_.load(std::memory_order_relaxed)}; }  ///< without TLS's own octets
  Octets sent() const { return {sent_.load(std::memory_order_relaxed)}; }
  Clock::time_point began() const { return began_; }

  /// Slows reading and writing down from now on; null lifts it. Shared ones make a pool.
  void set_throttle(std::shared_ptr<Throttle> throttle) { throttle_ = std::move(throttle); }

 private:
  enum class Ready { yes, time, stop, cut, event };
  enum class Moved { some, none_yet, end, failed };

  Clock::time_point until(Milliseconds wait) const;
  std::string_view held() const { return {in_.get() + taken_, filled_ - taken_}; }
  void make_room(std::size_t most);
  void release_idle_memory();
  Ready poll_for(short events, Clock::time_point until, bool may_stop, bool may_wake);
  Result<void> fill(Clock::time_point until, std::size_t most, bool may_stop);
  Moved receive(std::size_t room);
  Moved send_some(std::string_view first, std::string_view second, std::size_t& sent);
  Moved tls_result(int code);
  Moved tls_receive(std::size_t room);
  Moved tls_send(std::string_view octets, std::size_t& sent);
  void tls_farewell();
  Result<void> wait_for_throttle(std::size_t& room, bool may_stop);
  Result<void> send_all(std::string_view first, std::string_view second);
  Result<void> handshake(Milliseconds wait);
  Error failed(Ended how, std::string why);
  Error not_ready(Ready ready);

  Poco::Net::StreamSocket socket_;
  int fd_;
  std::shared_ptr<TlsServer> tls_server_;
  const std::string id_;
  Event event_;
  std::atomic<bool> stopping_{false};
  std::atomic<bool> woken_{false};
  std::atomic<bool> cut_{false};
  std::atomic<bool> is_tls_{false};  // ssl_ for other threads
  std::atomic<std::int64_t> received_{0};
  std::atomic<std::int64_t> sent_{0};
  ssl_st* ssl_ = nullptr;
  Poco::Net::SocketAddress peer_;
  Poco::Net::SocketAddress local_;
  Clock::time_point began_ = Clock::now();

  std::unique_ptr<char[]> in_;  // octets from taken_ to filled_ have arrived and are not taken; none while idle
  std::size_t capacity_ = 0;
  std::size_t taken_ = 0;
  std::size_t filled_ = 0;
  bool drained_ = false;  // the last read left nothing in the socket: poll before the next
  short wanted_ = 0;      // what TLS waits for: POLLIN or POLLOUT
  std::string trouble_;   // of the last failed system call or TLS call
  std::string out_;
  std::optional<Error> write_error_;
  LineEnds line_ends_ = LineEnds::lenient;
  Ended ended_ = Ended::no;
  Seconds write_wait_ = kNetWriteTime.most;
  Seconds line_time_ = kNetLineTime.most;
  Verify verify_ = Verify::none;
  std::optional<Clock::time_point> deadline_;
  std::optional<Clock::time_point> send_deadline_;
  std::shared_ptr<Throttle> throttle_;
  Octets discarded_;
};

/// Where and how to connect.
struct ConnectTo {
  Poco::Net::SocketAddress address;
  std::optional<Poco::Net::IPAddress> from;  ///< our own address, for servers with several
  Milliseconds wait = Seconds{30};
  std::string id;            ///< for the log
  int stop_descriptor = -1;  ///< readable when the attempt is to be given up (an Event's)
};
/// Errors: `unavailable` (refused, unreachable, time), with the address in the text for the log; `cancelled`.
Result<std::unique_ptr<Connection>> connect(const ConnectTo& to);

}  // namespace pennypost::net
