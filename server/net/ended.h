// Why a connection ended, in words for people.
#pragma once
#include <string_view>

#include "server/net/connection.h"

namespace pennypost::net {

/// "connection closed", "silent for too long", ...; empty while it lasts.
constexpr std::string_view in_words(Ended ended) {
  switch (ended) {
    case Ended::no:
      break;
    case Ended::by_peer:
      return "connection closed";
    case Ended::by_time:
      return "silent for too long";
    case Ended::by_stop:
      return "server stopping";
    case Ended::broken:
      return "connection lost";
  }
  return {};
}

}  // namespace pennypost::net
