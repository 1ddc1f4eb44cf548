// The octets of one message on their way from the connection into a Content: DATA in one go, BDAT chunk by chunk.
#pragma once
#include <cstdint>
#include <optional>

#include "server/delivery/content.h"
#include "server/net/connection.h"
#include "server/smtp/data_scanner.h"
#include "server/smtp/reply.h"

namespace pennypost::smtp {

class Session;

/// Keeps in step with the client whatever happens: a message that is refused is still read to its end.
class Intake {
 public:
  Intake(Session& s, DataScanner::Mode mode);

  /// Reads up to and with the final dot, or `octets` of a chunk. A reply only when the connection failed.
  std::optional<Reply> read_to_dot();
  std::optional<Reply> read_chunk(std::uint64_t octets);

  /// The message has ended: judges, commits, answers; the transaction is over.
  Reply finish();
  /// Why it will not be taken, if that is known already.
  std::optional<Reply> refusal() const;

 private:
  class Into final : public OctetSink {
   public:
    explicit Into(delivery::ContentWriter& writer) : writer_{writer} {}
    void put(std::string_view octets) override { writer_.put(octets); }

   private:
    delivery::ContentWriter& writer_;
  };
  void extend_deadline();
  Reply lost();

  Session& session_;
  delivery::ContentWriter writer_;
  Into into_;
  DataScanner scanner_;
  DataScanner::Mode mode_;
  net::Connection::Clock::time_point began_ = net::Connection::Clock::now();
};

}  // namespace pennypost::smtp
