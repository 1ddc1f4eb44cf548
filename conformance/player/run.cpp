// Many sections at once on a few threads: each has its own accounts and connections, so that their order cannot matter.
// A broken file, a silent server or a failed section costs its own place in the count and no other.
#include "conformance/player/run.h"

#include <algorithm>
#include <atomic>
#include <filesystem>
#include <mutex>
#include <ostream>
#include <thread>

namespace pennypost::conformance {
namespace {

struct Job {
  const Session* session;
  const Section* section;
};

std::string title_of(const Job& job) {
  return job.section->title.empty() ? job.session->file : job.session->file + ": " + job.section->title;
}

const Skip* skip_for(const Section& section, const std::string& target) {
  const auto found = std::ranges::find(section.skips, target, &Skip::target);
  return found == section.skips.end() ? nullptr : &*found;
}

}  // namespace

std::variant<std::vector<std::string>, Problem> session_files(const std::vector<std::string>& paths) {
  namespace fs = std::filesystem;
  std::vector<std::string> out;
  for (const auto& path : paths) {
    std::error_code error;
    if (fs::is_regular_file(path, error)) {
      out.push_back(path);
    } else if (fs::is_directory(path, error)) {
      for (const auto& entry : fs::recursive_directory_iterator{path, error})
        if (entry.path().extension() == ".session") out.push_back(entry.path().string());
    } else {
      return Problem{path, 0, 0, "neither a session file nor a folder of them"};
    }
  }
  std::ranges::sort(out);
  out.erase(std::unique(out.begin(), out.end()), out.end());
  return out;
}

Tally play_files(const std::vector<std::string>& files, const Target& target, const RunOptions& options,
                 std::ostream& out) {
  Tally tally;
  std::vector<Session> sessions;
  for (const auto& file : files) {
    auto read = read_session(file);
    if (const auto* problem = std::get_if<Problem>(&read)) {
      out << "FAIL " << problem->print() << "\n";
      ++tally.failed;
    } else {
      sessions.push_back(std::get<Session>(std::move(read)));
    }
  }
  std::vector<Job> jobs;
  for (const auto& session : sessions) {
    for (const auto& section : session.sections) {
      const Job job{&session, &section};
      if (options.rfc_only && !section.rfc) continue;
      if (!options.only.empty() && title_of(job).find(options.only) == std::string::npos) continue;
      if (const auto* skip = skip_for(section, target.name)) {
        ++tally.skipped;
        out << "skip " << title_of(job) << " (" << skip->reason << ")\n";
        continue;
      }
      jobs.push_back(job);
    }
  }

  std::atomic<std::size_t> next{0};
  std::mutex mutex;
  const auto work = [&] {
    for (std::size_t i = next++; i < jobs.size(); i = next++) {
      const auto& [session, section] = jobs[i];
      const auto begin = Clock::now();
      const Outcome outcome = play_section(*session, *section, target);
      const auto time = std::chrono::duration_cast<std::chrono::milliseconds>(Clock::now() - begin).count();
      const std::lock_guard lock{mutex};
      ++(outcome.passed ? tally.passed : tally.failed);
      if (outcome.passed && options.verbose) out << "pass " << title_of(jobs[i]) << " (" << time << " ms)\n";
      if (!outcome.passed)
        out << "FAIL " << title_of(jobs[i]) << "\n"
            << Problem{session->file, outcome.line, 0, outcome.reason}.print() << " [" << session->source << "]\n"
            << side_by_side(outcome, options.width) << "\n";
      out.flush();
    }
  };
  std::vector<std::jthread> threads;
  for (int i = 0; i < std::max(1, options.jobs); ++i) threads.emplace_back(work);
  threads.clear();
  if (tally.skipped > 0) out << tally.skipped << " skipped\n";
  out << tally.passed << " passed, " << tally.failed << " failed\n";
  return tally;
}

}  // namespace pennypost::conformance
