// Starting of programs with fork and exec. Between the two only calls that are safe in a process with threads: raw
// system calls, no allocation. prctl(2): PR_SET_PDEATHSIG is cleared by a change of user, so it comes after it.
#include "server/store/process.h"

#include <array>
#include <cerrno>
#include <cstring>

#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

namespace pennypost::store {

namespace {

constexpr std::size_t kOutputMost = 65'536;

struct Prepared {
  std::vector<char*> arguments;
  std::vector<std::string> environment;
  std::vector<char*> environment_pointers;
};

Prepared prepare(std::vector<std::string>& words) {
  Prepared p;
  for (auto& word : words) p.arguments.push_back(word.data());
  p.arguments.push_back(nullptr);
  p.environment = {"LC_ALL=C", "TZ=UTC", "PATH=/usr/local/bin:/usr/bin:/bin"};
  for (auto& line : p.environment) p.environment_pointers.push_back(line.data());
  p.environment_pointers.push_back(nullptr);
  return p;
}

// In the child. `output` becomes its standard output and error.
[[noreturn]] void become(const Prepared& p, const RunAs* as, int output, int death_signal, pid_t parent) {
  const int null = ::open("/dev/null", O_RDONLY);
  dup2(null, 0);
  dup2(output, 1);
  dup2(output, 2);
  syscall(SYS_close_range, 3U, ~0U, 0U);
  setsid();
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, nullptr);
  signal(SIGPIPE, SIG_DFL);
  if (as != nullptr) {
    if (geteuid() == 0) {
      if (syscall(SYS_setgroups, 0, nullptr) != 0 || syscall(SYS_setgid, as->group) != 0 ||
          syscall(SYS_setuid, as->user) != 0)
        _exit(126);
    }
    if (!as->folder.empty() && chdir(as->folder.c_str()) != 0) {
      constexpr char words[] = "FATAL: Permission denied: the server's user cannot enter the data folder\n";
      (void)!write(2, words, sizeof words - 1);
      _exit(126);
    }
  }
  umask(077);
  if (death_signal != 0) {
    prctl(PR_SET_PDEATHSIG, death_signal);
    if (getppid() != parent) _exit(125);  // it ended before we asked to be told
  }
  execve(p.arguments[0], p.arguments.data(), p.environment_pointers.data());
  constexpr char words[] = "FATAL: the program cannot be executed\n";
  (void)!write(2, words, sizeof words - 1);
  _exit(127);
}

}  // namespace

Result<ProgramEnd> run_program(const std::vector<std::string>& command, const std::optional<RunAs>& as) {
  auto words = command;
  const auto prepared = prepare(words);
  std::array<int, 2> pipe{};
  if (pipe2(pipe.data(), O_CLOEXEC) != 0) return error(Kind::unavailable, std::string{"pipe: "} + std::strerror(errno));
  const pid_t parent = getpid();
  const pid_t pid = fork();
  if (pid < 0) {
    close(pipe[0]);
    close(pipe[1]);
    return error(Kind::unavailable, "cannot start " + command[0] + ": " + std::strerror(errno));
  }
  if (pid == 0) become(prepared, as ? &*as : nullptr, pipe[1], SIGKILL, parent);
  close(pipe[1]);
  ProgramEnd end;
  std::array<char, 4096> buffer{};
  for (;;) {
    const auto n = read(pipe[0], buffer.data(), buffer.size());
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) break;
    if (end.output.size() < kOutputMost) end.output.append(buffer.data(), static_cast<std::size_t>(n));
  }
  close(pipe[0]);
  int status = 0;
  while (waitpid(pid, &status, 0) < 0 && errno == EINTR) {
  }
  end.status = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  return end;
}

Result<int> start_program(const std::vector<std::string>& command, const RunAs& as, const std::string& log_file,
                          int death_signal) {
  auto words = command;
  const auto prepared = prepare(words);
  const int output = ::open(log_file.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
  if (output < 0) return error(Kind::not_permitted, log_file + " cannot be written: " + std::strerror(errno));
  if (geteuid() == 0) (void)!fchown(output, as.user, as.group);
  const pid_t parent = getpid();
  const pid_t pid = fork();
  if (pid == 0) become(prepared, &as, output, death_signal, parent);
  const int problem = errno;
  close(output);
  if (pid < 0) return error(Kind::unavailable, "cannot start " + command[0] + ": " + std::strerror(problem));
  return pid;
}

}  // namespace pennypost::store
