// The connection of a load driver: blocking, buffered, one thread each. It parses no more than it must, so that a
// driver measures the server and not itself.
#pragma once
#include <cstdint>
#include <functional>
#include <stdexcept>
#include <string>
#include <string_view>

namespace pennypost::load {

struct Endpoint {
  std::string host = "127.0.0.1";
  int port = 0;
};

/// The server did or said what ends a measurement.
class Trouble : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// All functions throw Trouble when the connection fails or nothing comes for 120 seconds.
class Wire {
 public:
  explicit Wire(const Endpoint& to);
  ~Wire();
  Wire(Wire&& other) noexcept;
  Wire(const Wire&) = delete;
  Wire& operator=(const Wire&) = delete;
  Wire& operator=(Wire&&) = delete;

  void send(std::string_view octets);

  /// The next line without its line end; valid until the next call.
  std::string_view line();

  /// Exactly so many octets; valid until the next call.
  std::string_view octets(std::size_t count);

  /// Reads on until a line that begins with `tag` and a space ends what has come, and throws everything before it away.
  /// Returns the octets read; `last` is that line. Right only while nothing follows the tagged line unasked for.
  std::uint64_t skip_to(std::string_view tag, std::string& last);

 private:
  void fill();

  int socket_ = -1;
  std::string buffer_;
  std::size_t read_ = 0;  ///< octets of the buffer that were given out
};

/// A logged-in IMAP client for measurements.
class ImapClient {
 public:
  ImapClient(const Endpoint& to, const std::string& user, const std::string& password);

  /// Sends a command and waits for its OK; what comes before is thrown away. Returns the octets that came.
  std::uint64_t run(std::string_view command);

  /// The same, but returns everything that came before the tagged line, literals included.
  std::string ask(std::string_view command);

  /// Appends `count` messages, made by `message(number)`, to a folder, some at once on the way (LITERAL+).
  void append(const std::string& folder, int count, const std::function<std::string(int)>& message);

  Wire& wire() { return wire_; }
  std::string next_tag();

 private:
  Wire wire_;
  int tag_ = 0;
};

}  // namespace pennypost::load
