// The connections that the HTTP service has open: how many of one address, and since when each. A library thread serves
// each connection until it ends, so a client that is slow for ever, or that comes a hundred times, would have them all.
#pragma once
#include <chrono>
#include <list>
#include <map>
#include <mutex>
#include <string>

#include <Poco/Net/StreamSocket.h>

#include "server/base/limits.h"

namespace pennypost::http {

/// True for clients on loopback and private networks, where a proxy may stand for many.
bool is_near(const Poco::Net::IPAddress& address);

/// Any thread may call every function.
class Visits {
 public:
  using Clock = std::chrono::steady_clock;

  /// `exempt` are addresses that may have any number of connections.
  Visits(int most_from_address, Seconds longest, bool (*exempt)(const Poco::Net::IPAddress&) = is_near)
      : most_from_address_{most_from_address}, longest_{longest}, exempt_{exempt} {}
  Visits(const Visits&) = delete;
  Visits& operator=(const Visits&) = delete;

  /// One connection; counts from its beginning to its end, which comes before the end of the Visits.
  class Visit {
   public:
    Visit(Visits& visits, const Poco::Net::StreamSocket& socket);
    ~Visit();
    Visit(const Visit&) = delete;
    Visit& operator=(const Visit&) = delete;
    /// False: its address has as many open as it may.
    bool is_admitted() const { return admitted_; }
    /// The client's, without its port; empty when it was gone at once.
    const std::string& address() const { return address_; }

   private:
    friend class Visits;
    Visits& visits_;
    std::string address_;
    int descriptor_;  // of our own: the library closes its one when it likes
    Clock::time_point began_ = Clock::now();
    bool admitted_;
    std::list<Visit*>::iterator place_;
  };

  /// Cuts off connections that are open longer than they may; whoever waits for octets of theirs finds their end.
  void end_overdue(Clock::time_point now);

 private:
  const int most_from_address_;
  const Seconds longest_;
  bool (*const exempt_)(const Poco::Net::IPAddress&);
  std::mutex mutex_;
  std::list<Visit*> open_;  // in the order of their begin
  std::map<std::string, int, std::less<>> by_address_;
};

}  // namespace pennypost::http
