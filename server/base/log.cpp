// The log: who takes which lines, the two forms of a line, the sinks.
// Needs nothing but the files that it is told to write. A line that cannot be written is lost without a word: a full
// disk must not stop the mail that a line tells of.
#include "server/base/log.h"

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <cstring>
#include <map>
#include <shared_mutex>

#include <fcntl.h>
#include <fmt/chrono.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include "server/base/clock.h"
#include "server/base/text.h"

namespace pennypost {
namespace {

constexpr std::uint8_t kNobody = 255;

struct Counted {
  std::mutex mutex;
  std::map<std::string, std::uint64_t, std::less<>> by_name;
};

struct Log {
  std::mutex mutex;  // held while sinks write
  std::vector<std::shared_ptr<LogSink>> sinks;
  std::atomic<std::uint8_t> least{kNobody};
  Counted counted;

  void admit() {
    std::uint8_t lowest = kNobody;
    for (const auto& sink : sinks) lowest = std::min(lowest, static_cast<std::uint8_t>(sink->least()));
    least = lowest;
  }
};

Log& the_log() {
  static Log* const one = std::make_unique<Log>().release();  // never destroyed: threads may log while the process ends
  return *one;
}

thread_local std::vector<std::pair<std::string_view, std::string>> scope_fields;

void count(std::string_view name) {
  Counted& counted = the_log().counted;
  const std::lock_guard lock{counted.mutex};
  if (const auto found = counted.by_name.find(name); found != counted.by_name.end())
    ++found->second;
  else
    counted.by_name.emplace(name, 1);
}

std::string plain(const LogField& field) {
  return std::visit(
      [](const auto& v) -> std::string {
        using T = std::decay_t<decltype(v)>;
        if constexpr (std::same_as<T, std::string_view>)
          return std::string{v};
        else if constexpr (std::same_as<T, bool>)
          return v ? "yes" : "no";
        else
          return fmt::format("{}", v);
      },
      field.value);
}

// One line of the log is one line of the file, whatever a stranger put into a field.
void add_escaped(std::string& out, std::string_view text) {
  for (const char c : text) {
    if (is_control(c))
      out += fmt::format("\\x{:02x}", static_cast<unsigned char>(c));
    else
      out += c;
  }
}

void add_value(std::string& out, const LogField& field) {
  const std::string value = plain(field);
  const bool bare = !value.empty() && std::ranges::none_of(value, [](char c) { return is_space(c) || c == '"'; });
  if (bare) return add_escaped(out, value);
  out += '"';
  add_escaped(out, replace_all(value, "\"", "\\\""));
  out += '"';
}

// `says` with its fields filled in; marks in `used` which ones stood there.
std::string sentence(const LogLine& line, std::vector<bool>& used) {
  std::string out;
  std::string_view says = line.event.says;
  while (!says.empty()) {
    const std::size_t open = says.find('{');
    const std::size_t close = says.find('}', open);
    if (open == std::string_view::npos || close == std::string_view::npos) break;
    out += says.substr(0, open);
    const std::string_view name = says.substr(open + 1, close - open - 1);
    // From behind: what the call gives wins over the scope.
    std::size_t at = line.fields.size();
    while (at > 0 && line.fields[at - 1].name != name) --at;
    if (at > 0) {
      used[at - 1] = true;
      add_escaped(out, plain(line.fields[at - 1]));
    } else {
      out += '-';
    }
    says.remove_prefix(close + 1);
  }
  out += says;
  return out;
}

void add_json_string(std::string& out, std::string_view text) {
  out += '"';
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (is_control(c)) {
      out += fmt::format("\\u{:04x}", static_cast<unsigned char>(c));
    } else if (is_ascii(c)) {
      out += c;
    } else {
      std::size_t length = 2;  // of the UTF-8 character that begins here, if one does
      while (length <= 4 && !is_utf8(text.substr(i, length))) ++length;
      if (length > 4 || i + length > text.size()) {
        out += "\xEF\xBF\xBD";
      } else {
        out += text.substr(i, length);
        i += length - 1;
      }
    }
  }
  out += '"';
}

class DescriptorLog final : public LogSink {
 public:
  DescriptorLog(Level least, LogForm form, int fd, std::string path, std::string only = {})
      : LogSink{least}, form_{form}, fd_{fd}, path_{std::move(path)}, only_{std::move(only)} {}
  ~DescriptorLog() override {
    if (!path_.empty()) ::close(fd_);
  }
  DescriptorLog(const DescriptorLog&) = delete;
  DescriptorLog& operator=(const DescriptorLog&) = delete;

  void write(const LogLine& line) override {
    if (!std::string_view{line.event.name}.starts_with(only_)) return;
    std::string text = form_ == LogForm::json ? log_json(line) : log_text(line);
    text += '\n';
    for (std::string_view rest = text; !rest.empty();) {
      const ssize_t sent = ::write(fd_, rest.data(), rest.size());
      if (sent < 0 && errno == EINTR) continue;
      if (sent <= 0) return;
      rest.remove_prefix(static_cast<std::size_t>(sent));
    }
  }
  void reopen() override {
    if (path_.empty()) return;
    const int fresh = open_file(path_);
    if (fresh < 0) return;  // the old file goes on
    ::close(fd_);
    fd_ = fresh;
  }
  static int open_file(const std::string& path) {
    return ::open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0640);
  }

 private:
  LogForm form_;
  int fd_;
  std::string path_;        // empty: the descriptor is not ours
  const std::string only_;  // what the names of events must begin with
};

}  // namespace

const char* word(Level level) {
  switch (level) {
    case Level::debug:
      return "debug";
    case Level::info:
      return "info";
    case Level::notice:
      return "notice";
    case Level::warning:
      return "warning";
    case Level::error:
      return "error";
  }
  return "error";
}

Level log_level_of(std::string_view name) {
  for (const Level level : {Level::debug, Level::info, Level::notice, Level::warning, Level::error})
    if (same_word(word(level), name)) return level;
  return Level::info;
}

bool log_takes(Level level) {
  return static_cast<std::uint8_t>(level) >= the_log().least.load(std::memory_order_relaxed);
}

void log(const LogEvent& event, std::initializer_list<LogField> fields) {
  if (event.level >= Level::notice) count(event.name);
  if (!log_takes(event.level)) return;
  std::vector<LogField> all;
  all.reserve(scope_fields.size() + fields.size());
  for (const auto& [name, value] : scope_fields) all.emplace_back(name, value);
  all.insert(all.end(), fields.begin(), fields.end());
  const LogLine line{now(), event, all};
  Log& log = the_log();
  const std::lock_guard lock{log.mutex};
  for (const auto& sink : log.sinks)
    if (sink->least() <= event.level) sink->write(line);
}

void log(const LogEvent& event, const Error& error, std::initializer_list<LogField> fields) {
  const LogScope kind{"kind", word(error.kind)};
  const LogScope reason{"reason", error.for_log};
  log(event, fields);
}

std::vector<std::pair<std::string, std::uint64_t>> log_counts() {
  Counted& counted = the_log().counted;
  const std::lock_guard lock{counted.mutex};
  return {counted.by_name.begin(), counted.by_name.end()};
}

LogScope::LogScope(std::string_view name, std::string value) { scope_fields.emplace_back(name, std::move(value)); }
LogScope::~LogScope() { scope_fields.pop_back(); }

std::string_view LogScope::current(std::string_view name) {
  for (auto field = scope_fields.rbegin(); field != scope_fields.rend(); ++field)
    if (field->first == name) return field->second;
  return {};
}

std::string log_text(const LogLine& line) {
  std::vector<bool> used(line.fields.size());
  const std::string says = sentence(line, used);
  const auto milliseconds = std::chrono::time_point_cast<std::chrono::milliseconds>(line.time);
  const auto seconds = std::chrono::floor<std::chrono::seconds>(milliseconds);
  std::string out = fmt::format("{:%Y-%m-%d %H:%M:%S}.{:03} {} {}: {}", fmt::gmtime(seconds.time_since_epoch().count()),
                                (milliseconds - seconds).count(), word(line.event.level), line.event.name, says);
  for (std::size_t i = 0; i < line.fields.size(); ++i) {
    if (used[i]) continue;
    out += ' ';
    out += line.fields[i].name;
    out += '=';
    add_value(out, line.fields[i]);
  }
  return out;
}

std::string log_json(const LogLine& line) {
  std::vector<bool> used(line.fields.size());
  const std::string says = sentence(line, used);
  const auto seconds = std::chrono::floor<std::chrono::seconds>(line.time);
  std::string out = fmt::format("{{\"time\":\"{:%Y-%m-%dT%H:%M:%S}.{:06}Z\",\"level\":\"{}\",\"event\":\"{}\"",
                                fmt::gmtime(seconds.time_since_epoch().count()), (line.time - seconds).count(),
                                word(line.event.level), line.event.name);
  for (const LogField& field : line.fields) {
    out += ',';
    add_json_string(out, field.name);
    out += ':';
    if (const auto* text = std::get_if<std::string_view>(&field.value))
      add_json_string(out, *text);
    else if (const auto* flag = std::get_if<bool>(&field.value))
      out += *flag ? "true" : "false";
    else
      out += plain(field);
  }
  out += ",\"text\":";
  add_json_string(out, says);
  out += '}';
  return out;
}

void add_log_sink(std::shared_ptr<LogSink> sink) {
  Log& log = the_log();
  const std::lock_guard lock{log.mutex};
  log.sinks.push_back(std::move(sink));
  log.admit();
}

void remove_log_sink(const std::shared_ptr<LogSink>& sink) {
  Log& log = the_log();
  const std::lock_guard lock{log.mutex};
  std::erase(log.sinks, sink);
  log.admit();
}

void reopen_log_sinks() {
  Log& log = the_log();
  const std::lock_guard lock{log.mutex};
  for (const auto& sink : log.sinks) sink->reopen();
}

std::shared_ptr<LogSink> stderr_log(Level least, LogForm form) {
  return std::make_shared<DescriptorLog>(least, form, STDERR_FILENO, std::string{});
}

Result<std::shared_ptr<LogSink>> file_log(const std::string& path, Level least, LogForm form, std::string only) {
  const int fd = DescriptorLog::open_file(path);
  if (fd < 0) return error(Kind::unavailable, "the log file " + path + " cannot be opened: " + std::strerror(errno));
  return std::shared_ptr<LogSink>{std::make_shared<DescriptorLog>(least, form, fd, path, std::move(only))};
}

RingLog::RingLog(Level least, std::size_t most, LogForm form) : LogSink{least}, most_{most}, form_{form} {}

void RingLog::write(const LogLine& line) {
  const std::lock_guard lock{mutex_};
  lines_.push_back(form_ == LogForm::json ? log_json(line) : log_text(line));
  if (lines_.size() > most_) lines_.pop_front();
}

std::vector<std::string> RingLog::lines() const {
  const std::lock_guard lock{mutex_};
  return {lines_.begin(), lines_.end()};
}

bool RingLog::has(std::string_view part) const {
  const std::lock_guard lock{mutex_};
  return std::ranges::any_of(lines_, [&](const std::string& line) { return line.find(part) != std::string::npos; });
}

}  // namespace pennypost
