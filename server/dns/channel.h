// c-ares on a thread of its own: questions go in from any thread, answers come back on that thread.
#pragma once
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "server/base/result.h"
#include "server/base/units.h"
#include "server/dns/records.h"

namespace pennypost::dns {

class Channel {
 public:
  /// The message as it came (not yet read), or why there is none: `unavailable`, `cancelled`.
  using Heard = std::function<void(Result<std::string>)>;
  /// Errors: `bad_input` (servers), `unavailable`.
  static Result<std::unique_ptr<Channel>> open(const std::vector<std::string>& servers, Milliseconds first_wait,
                                               int rounds);
  ~Channel();  ///< what is under way hears `cancelled`, before it returns
  Channel(const Channel&) = delete;
  Channel& operator=(const Channel&) = delete;
  /// `heard` is called once, on the channel's thread: short work only, and nothing of this channel.
  void ask(std::string name, Type type, Heard heard);
  /// As the destructor, but the object stays.
  void close();
  /// Addresses of the servers that are asked, "192.0.2.1" or "192.0.2.1:5353"; they do not change.
  const std::vector<std::string>& servers() const;

 private:
  struct Inside;
  explicit Channel(std::unique_ptr<Inside> inside);
  std::unique_ptr<Inside> inside_;
};

}  // namespace pennypost::dns
