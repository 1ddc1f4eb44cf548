// The log (DESIGN section 6, STYLE 3.12). A line is a declared event: a name, a level and a sentence with its fields in
// braces. Text for people, JSON for machines and counts for metrics are made from the same event. Any thread; a line
// that is off costs one load and the building of its fields (views, no copies).
//
//   inline constexpr LogEvent kLoginFailed{"auth.login_failed", Level::warning, "login failed for {name}: {reason}"};
//   log(kLoginFailed, {{"name", name}, {"reason", error.for_log}});
#pragma once
#include <concepts>
#include <cstdint>
#include <deque>
#include <initializer_list>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "server/base/result.h"
#include "server/base/units.h"

namespace pennypost {

enum class Level : std::uint8_t { debug, info, notice, warning, error };
/// "debug", "info", ...
const char* word(Level level);
/// The level of a word; nothing known gives info.
Level log_level_of(std::string_view word);

/// Declared once, as a constant, in the header or source of the folder whose name its own begins with.
struct LogEvent {
  const char* name;  ///< "folder.what_happened"
  Level level;
  const char* says;  ///< fields in braces; a field that it does not name is added behind it as name=value
};

/// A named value of a line. The value is a view: it lives as long as the call.
struct LogField {
  std::string_view name;
  std::variant<std::string_view, std::int64_t, std::uint64_t, double, bool> value;

  template <typename T>
  requires std::convertible_to<const T&, std::string_view> LogField(std::string_view n, const T& v)
      : name{n}, value{std::string_view{v}} {}
  template <typename T>
  requires std::integral<T> &&(!std::same_as<T, bool>)LogField(std::string_view n, T v) : name{n} {
    if constexpr (std::signed_integral<T>)
      value = static_cast<std::int64_t>(v);
    else
      value = static_cast<std::uint64_t>(v);
  }
  template <typename T>
  requires std::is_enum_v<T> LogField(std::string_view n, T v)
      : LogField{n, static_cast<std::underlying_type_t<T>>(v)} {}
  LogField(std::string_view n, bool v) : name{n}, value{v} {}
  LogField(std::string_view n, double v) : name{n}, value{v} {}
  LogField(std::string_view n, Octets v) : name{n}, value{v.count} {}
};

/// Writes one line to every sink whose level admits it.
void log(const LogEvent& event, std::initializer_list<LogField> fields = {});
/// The same for an Error: fields `kind` and `reason` (its text for the log).
void log(const LogEvent& event, const Error& error, std::initializer_list<LogField> fields = {});
/// Whether any sink takes lines of this level: for callers whose fields are dear.
bool log_takes(Level level);
/// How often an event was logged or would have been (notice and above, also when nobody takes them), by name; for
/// metrics.
std::vector<std::pair<std::string, std::uint64_t>> log_counts();

/// As long as it lives, every line of this thread carries the field too: LogScope scope{"session", id}. They nest.
class LogScope {
 public:
  LogScope(std::string_view name, std::string value);
  ~LogScope();
  LogScope(const LogScope&) = delete;
  LogScope& operator=(const LogScope&) = delete;
  /// The value of the innermost field of this name on this thread; empty when there is none.
  static std::string_view current(std::string_view name);
};

/// A line as sinks see it; views live as long as the call.
struct LogLine {
  Timestamp time;
  const LogEvent& event;
  const std::vector<LogField>& fields;  ///< the scope's fields first
};
/// "2026-01-31 12:00:00.123 warning auth.login_failed: login failed for ann: no such account session=c12"
/// Controls are escaped: one line of the log is one line of the file.
std::string log_text(const LogLine& line);
/// {"time":"2026-01-31T12:00:00.123456Z","level":"warning","event":"auth.login_failed","name":"ann",...,"text":"..."}
/// Octets that are not UTF-8 become U+FFFD.
std::string log_json(const LogLine& line);

/// Takes lines; called by one thread at a time.
class LogSink {
 public:
  explicit LogSink(Level least) : least_{least} {}
  virtual ~LogSink() = default;
  virtual void write(const LogLine& line) = 0;
  virtual void reopen() {}  ///< after log rotation
  Level least() const { return least_; }

 private:
  Level least_;
};
enum class LogForm { text, json };

/// A sink receives lines from add to remove; removing waits for a line that is being written.
void add_log_sink(std::shared_ptr<LogSink> sink);
void remove_log_sink(const std::shared_ptr<LogSink>& sink);
void reopen_log_sinks();

std::shared_ptr<LogSink> stderr_log(Level least, LogForm form = LogForm::text);
/// Appends to a file, one write per line; made with mode 0640. With `only` it takes the events whose names begin so: a
/// log of its own for one subject. Errors: `unavailable` when it cannot be opened.
Result<std::shared_ptr<LogSink>> file_log(const std::string& path, Level least, LogForm form = LogForm::text,
                                          std::string only = {});

/// Keeps the last lines as text, for tests and for the status page. Any thread.
class RingLog final : public LogSink {
 public:
  explicit RingLog(Level least = Level::debug, std::size_t most = 1000, LogForm form = LogForm::text);
  void write(const LogLine& line) override;
  std::vector<std::string> lines() const;
  bool has(std::string_view part) const;

 private:
  const std::size_t most_;
  const LogForm form_;
  mutable std::mutex mutex_;
  std::deque<std::string> lines_;
};

}  // namespace pennypost
