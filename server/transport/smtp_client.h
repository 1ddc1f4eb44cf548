// One session with a remote SMTP server, as a client (RFC 5321): greeting, EHLO, STARTTLS, AUTH, then any number of
// messages. It knows one connection and no database.
#pragma once
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "server/base/result.h"
#include "server/base/smtp_text.h"
#include "server/base/units.h"
#include "server/net/connection.h"
#include "server/store/out_queue.h"

namespace pennypost::transport {

/// TLS to a server (spec 60 section 7.1).
enum class TlsMode {
  none,           ///< never
  opportunistic,  ///< STARTTLS where offered, with any certificate
  required,       ///< STARTTLS or nothing
  implicit,       ///< from the first octet
};

/// How long each answer may take (RFC 5321 4.5.3.2).
struct ClientTimes {
  Seconds connect{30};
  Seconds greeting{300};
  Seconds command{300};
  Seconds data_start{120};
  Seconds data_block{180};
  Seconds data_end{600};
};

struct ClientOptions {
  std::string own_name;     ///< for EHLO
  std::string server_name;  ///< as asked for: in texts, for SNI and the certificate
  TlsMode tls = TlsMode::opportunistic;
  net::Verify verify = net::Verify::opportunistic;
  std::shared_ptr<net::TlsClient> tls_client;  ///< null: no TLS at all
  std::string user;                            ///< empty: no AUTH
  std::string password;
  ClientTimes times;
};

/// What the EHLO answer offers.
struct Extensions {
  bool pipelining = false;
  bool eight_bit = false;
  bool utf8 = false;
  bool dsn = false;
  bool starttls = false;
  bool has_size = false;
  Octets size_most;  ///< 0: no limit named
  std::vector<std::string> mechanisms;
};
Extensions parse_extensions(std::span<const std::string> lines);

/// Why a server cannot be used for now, or not for this.
struct Problem {
  bool is_permanent = false;
  SmtpReply reply;               ///< the server's, or ours in the same form when it said nothing
  bool try_without_tls = false;  ///< the handshake of an opportunistic session failed
};

/// One message for some recipients.
struct Transaction {
  std::string return_path;
  std::span<const store::QueuedRecipient* const> recipients;  ///< not empty
  Octets size;
  bool is_8bit = false;
  bool is_utf8 = false;
  store::ReturnOption returned = store::ReturnOption::unset;
  std::string envelope_id;  ///< decoded
  /// Gives the octets of the message in order; false from the sink means stop. An error breaks the transaction off:
  /// what is half sent is never ended as if it were whole.
  std::function<Result<void>(const std::function<bool(std::string_view)>&)> octets;
};

/// What became of one recipient; in the order of the transaction.
struct RecipientOutcome {
  store::Sent sent = store::Sent::deferred;
  SmtpReply reply;
  bool was_tried = true;  ///< false: the session broke before this server could decide
};

class SmtpClient {
 public:
  SmtpClient(std::unique_ptr<net::Connection> connection, ClientOptions options);
  ~SmtpClient();

  /// Up to the point where mail can be sent. After a Problem the session is of no more use.
  std::optional<Problem> open();
  /// One transaction. When the session breaks before anything could be decided, all are deferred and `was_tried` is
  /// false: another server may be asked. After the closing dot it is always true.
  std::vector<RecipientOutcome> send(const Transaction& message);
  /// Says QUIT and waits briefly for the answer.
  void quit();

  bool is_usable() const { return usable_; }
  const Extensions& extensions() const { return extensions_; }
  bool is_tls() const { return connection_->is_tls(); }
  net::Connection& connection() { return *connection_; }

 private:
  struct Answer {
    SmtpReply reply;
    std::vector<std::string> lines;
  };
  Result<Answer> read_answer(Seconds wait);
  Result<Answer> ask(std::string_view command, Seconds wait);
  std::optional<Problem> hello();
  std::optional<Problem> begin_tls();
  std::optional<Problem> authenticate();
  Problem lost(const Error& why, std::string_view when);
  std::vector<RecipientOutcome> all(const Transaction& message, store::Sent sent, const SmtpReply& reply, bool tried);
  std::optional<SmtpReply> send_octets(const Transaction& message);

  std::unique_ptr<net::Connection> connection_;
  const ClientOptions options_;
  Extensions extensions_;
  bool usable_ = true;
};

/// RFC 3461 section 4: "+", "=" and what is not printable as +XX.
std::string to_xtext(std::string_view text);

/// "5.1.1", empty for none.
std::string status_text(const Enhanced& status);

}  // namespace pennypost::transport
