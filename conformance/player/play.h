// Playing of one section against a server, and the report of what came.
#pragma once
#include <string>
#include <vector>

#include "conformance/player/session.h"
#include "conformance/player/target.h"

namespace pennypost::conformance {

/// One line of the report: what the file says beside what was sent or received.
struct Row {
  enum class State { sent, matched, unexpected, missing, note };
  State state = State::note;
  std::string expected;
  std::string received;
  std::size_t line = 0;  ///< in the session file, 0 if none
};

struct Outcome {
  bool passed = false;
  std::string reason;     ///< why not
  std::size_t line = 0;   ///< where in the session file
  std::vector<Row> rows;  ///< in the order of the play
};

/// Plays prelude and section on connections and accounts of their own. Never throws; what goes wrong is in the outcome.
Outcome play_section(const Session& session, const Section& section, const Target& target);

/// The report as two columns of the given width each, the last rows before the failure and the failure itself.
std::string side_by_side(const Outcome& outcome, std::size_t width);

}  // namespace pennypost::conformance
