// Playing of many session files at once.
#pragma once
#include <iosfwd>
#include <string>
#include <vector>

#include "conformance/player/play.h"

namespace pennypost::conformance {

struct RunOptions {
  int jobs = 4;
  bool rfc_only = false;   ///< only sections that state an RFC
  bool verbose = false;    ///< a line for each section, not for failures alone
  std::string only;        ///< only sections whose "file: title" holds this text
  std::size_t width = 60;  ///< of a column of the difference
};

struct Tally {
  int passed = 0;
  int failed = 0;
  int skipped = 0;
};

/// The files named, and all *.session files below the folders named, in the order of their paths.
/// A name that is neither gives a Problem.
std::variant<std::vector<std::string>, Problem> session_files(const std::vector<std::string>& paths);

/// Plays all sections of all files; reports failures as they come and ends with "N passed, N failed". A file that
/// cannot be read as a session counts as one failure.
Tally play_files(const std::vector<std::string>& files, const Target& target, const RunOptions& options,
                 std::ostream& out);

}  // namespace pennypost::conformance
