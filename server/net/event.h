// Something that a thread waits for together with its socket: an event descriptor (eventfd).
#pragma once
#include "server/net/descriptor.h"

namespace pennypost::net {

/// Signalled by any thread, waited for and cleared by one. Signals add up to one: signal, signal, clear leaves it
/// clear.
class Event {
 public:
  /// When the process has no descriptor left, `descriptor()` is -1 and the event never comes: whoever makes one asks
  /// `is_open()` and refuses its work.
  Event();
  void signal();
  /// True when it was signalled since the last clear.
  bool clear();
  bool is_open() const { return descriptor_.get() >= 0; }
  int descriptor() const { return descriptor_.get(); }

 private:
  Descriptor descriptor_;
};

}  // namespace pennypost::net
