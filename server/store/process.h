// Starting of programs: as another user, with an output file or a captured output, ended when we end.
#pragma once
#include <optional>
#include <string>
#include <vector>

#include <sys/types.h>

#include "server/base/result.h"

namespace pennypost::store {

struct RunAs {
  uid_t user = 0;
  gid_t group = 0;
  std::string folder;  ///< working folder
};

struct ProgramEnd {
  int status = 0;      ///< exit status; 128 + signal
  std::string output;  ///< both streams, at most 64 KiB
};

/// Runs a program to its end. Errors: unavailable (cannot be started).
Result<ProgramEnd> run_program(const std::vector<std::string>& command, const std::optional<RunAs>& as);

/// Starts a program in a session of its own, its output appended to `log_file`, no descriptors of ours; it gets
/// `death_signal` when the calling *thread* ends. Gives its process id; the caller waits for it.
Result<int> start_program(const std::vector<std::string>& command, const RunAs& as, const std::string& log_file,
                          int death_signal);

}  // namespace pennypost::store
