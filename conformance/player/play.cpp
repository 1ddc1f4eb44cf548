// The player: takes one step after the other, keeps a row for each line, stops at the first that does not hold.
// Needs a server that listens. A server that is silent costs one time limit; every connection is closed at the end.
// Source: docs/conformance.md, "Sets" for how server lines in no fixed order are matched.
#include "conformance/player/play.h"

#include <algorithm>
#include <memory>
#include <thread>

#include "conformance/player/pattern.h"

namespace pennypost::conformance {
namespace {

class Play {
 public:
  Play(const Session& session, const Target& target, std::vector<Row>& rows)
      : session_{session}, target_{target}, rows_{rows} {
    variables_.set("domain", target.domain);
    variables_.set("host", target.host);
  }

  void step(const Step& step) {
    line_ = step.line;
    std::visit([&](const auto& act) { run(step, act); }, step.act);
  }

  std::size_t line() const { return line_; }

 private:
  Connection& connection(const std::string& name) {
    auto& held = connections_[name];
    if (!held)
      held = std::make_unique<Connection>(target_.host, target_.port(session_.protocol, false), session_.protocol);
    return *held;
  }

  void sent(const Step& step, const std::string& octets) {
    rows_.push_back({Row::State::sent, step.source, octets, step.line});
    // Whether the server still listens shows in what it says next, or in `closed`.
    connection(step.connection).send(octets);
  }

  void run(const Step& step, const SendLine& act) { sent(step, variables_.expand(act.text) + "\r\n"); }
  void run(const Step& step, const SendOctets& act) { sent(step, variables_.expand(act.text)); }

  void run(const Step& step, const Connect& act) {
    note(step);
    const auto protocol = act.protocol.value_or(session_.protocol);
    auto made = std::make_unique<Connection>(target_.host, target_.port(protocol, act.tls), protocol);
    if (act.tls) made->start_tls(target_.wait);
    connections_[step.connection] = std::move(made);
  }
  void run(const Step& step, const StartTls&) {
    note(step);
    connection(step.connection).start_tls(target_.wait);
  }
  void run(const Step& step, const Close&) {
    note(step);
    connections_.erase(step.connection);
  }
  void run(const Step& step, const HalfClose&) {
    note(step);
    connection(step.connection).half_close();
  }
  void run(const Step& step, const Pause& act) {
    note(step);
    std::this_thread::sleep_for(act.time);
  }
  void run(const Step& step, const Pace& act) {
    note(step);
    connection(step.connection).set_pace(act.octetwise, act.time);
  }
  void run(const Step& step, const Let& act) {
    note(step);
    variables_.set(act.name, variables_.expand(act.text));
  }
  void run(const Step& step, const AddAccount& act) {
    note(step);
    variables_.add_account(act.name, target_.make_account(act.name, act.password));
  }
  void run(const Step& step, const AddFolder& act) {
    note(step);
    target_.make_folder(variables_.account(act.account), variables_.expand(act.folder));
  }
  void run(const Step& step, const AddMessage& act) {
    note(step);
    target_.add_message(variables_.account(act.account), variables_.expand(act.folder), act.flags, act.date,
                        variables_.expand(act.text));
  }
  void run(const Step& step, const Arrived& act) {
    note(step);
    target_.await_messages(variables_.account(act.account), variables_.expand(act.folder), act.count);
  }

  void run(const Step& step, const Closed& act) {
    std::string line;
    Connection& from = connection(step.connection);
    const auto limit = act.within.count() > 0 ? act.within : target_.wait;
    switch (from.read(line, Clock::now() + limit)) {
      case Arrival::closed:
        rows_.push_back({Row::State::matched, step.source, "(closed)", step.line});
        if (!from.unfinished().empty())
          throw Failure{"the server closed in the middle of a line: " + from.unfinished()};
        return;
      case Arrival::line:
        rows_.push_back({Row::State::unexpected, step.source, line, step.line});
        throw Failure{"a line came where the server should have closed"};
      case Arrival::nothing:
        rows_.push_back({Row::State::missing, step.source, "(still open)", step.line});
        throw Failure{"the server did not close the connection"};
    }
  }

  void run(const Step& step, const Quiet& act) {
    std::string line;
    Connection& from = connection(step.connection);
    switch (from.read(line, Clock::now() + act.time)) {
      case Arrival::nothing:
        if (!from.unfinished().empty())
          throw Failure{"octets came where the server should be silent: " + from.unfinished()};
        rows_.push_back({Row::State::matched, step.source, "(silence)", step.line});
        return;
      case Arrival::line:
        rows_.push_back({Row::State::unexpected, step.source, line, step.line});
        throw Failure{"a line came where the server should be silent"};
      case Arrival::closed:
        rows_.push_back({Row::State::unexpected, step.source, "(closed)", step.line});
        throw Failure{"the server closed where it should be silent"};
    }
  }

  /// Reads the lines that one expectation covers: one, or as many as its text has in a protocol of plain lines.
  std::string read(Connection& from, const std::vector<const Expected*>& waited_for, std::size_t lines) {
    std::string out;
    for (std::size_t i = 0; i < lines; ++i) {
      std::string line;
      const auto arrival = from.read(line, Clock::now() + target_.wait);
      if (arrival == Arrival::line) {
        out += (i == 0 ? "" : "\r\n") + line;
        continue;
      }
      if (!out.empty()) rows_.push_back({Row::State::unexpected, "", out, 0});
      if (!from.unfinished().empty()) rows_.push_back({Row::State::unexpected, "", from.unfinished(), 0});
      const bool closed = arrival == Arrival::closed;
      for (const auto* expected : waited_for)
        rows_.push_back({Row::State::missing, expected->source, closed ? "(closed)" : "(nothing)", expected->line});
      throw Failure{closed ? "the server closed the connection" : "the server sent nothing within the time limit"};
    }
    return out;
  }

  void run(const Step& step, const Expect& act) {
    Connection& from = connection(step.connection);
    if (act.set.empty()) return one_line(from, *act.closing);
    set_of_lines(from, act);
  }

  void one_line(Connection& from, const Expected& expected) {
    line_ = expected.line;
    Template text = expected.text;
    std::size_t lines = 1;
    if (from.protocol() != Protocol::imap) {
      lines += Pattern{text, variables_}.line_breaks();
      if (lines > 1 && variables_only(text)) {
        // A text of whole lines ends with a CR LF that the reader has taken off.
        std::string whole = variables_.expand(text);
        if (whole.ends_with("\r\n")) {
          whole.resize(whole.size() - 2);
          text = {{Form::literal, whole, {}, {}}};
          --lines;
        }
      }
    }
    const Pattern pattern{text, variables_};
    const auto line = read(from, {&expected}, lines);
    if (pattern.matches(line, variables_)) {
      rows_.push_back({Row::State::matched, expected.source, line, expected.line});
      return;
    }
    rows_.push_back({Row::State::unexpected, expected.source, line, expected.line});
    throw Failure{"another line came than expected"};
  }

  static bool variables_only(const Template& text) {
    return std::ranges::all_of(text,
                               [](const Part& p) { return p.form == Form::literal || p.form == Form::substitute; });
  }

  void set_of_lines(Connection& from, const Expect& act) {
    std::vector<const Expected*> pending, open;
    for (const auto& expected : act.set) (expected.mark == Mark::once ? pending : open).push_back(&expected);
    while (!pending.empty() || act.closing) {
      std::vector<const Expected*> waited_for = pending;
      if (act.closing) waited_for.push_back(&*act.closing);
      line_ = waited_for.front()->line;
      const auto line = read(from, waited_for, 1);
      const Expected* taken = take(pending, line);
      for (const auto* expected : open)
        if (expected->mark == Mark::forbidden && matches(*expected, line))
          return fail(expected, line, "a forbidden line came");
      // The last line of a multi-line reply may be one of the set and its end at once (EHLO).
      if (act.closing && pending.empty() && matches(*act.closing, line)) {
        rows_.push_back({Row::State::matched, act.closing->source, line, act.closing->line});
        return;
      }
      if (taken == nullptr) taken = take_open(open, line);
      if (taken == nullptr) return fail(waited_for.front(), line, unexpected_reason(act, pending, line));
      rows_.push_back({Row::State::matched, taken->source, line, taken->line});
    }
  }

  const char* unexpected_reason(const Expect& act, const std::vector<const Expected*>& pending,
                                const std::string& line) {
    const bool early = act.closing && !pending.empty() && matches(*act.closing, line);
    return early ? "the end came before a line that has to come" : "a line came that is not in the set";
  }

  void fail(const Expected* expected, const std::string& line, const char* reason) {
    line_ = expected->line;
    rows_.push_back({Row::State::unexpected, expected->source, line, expected->line});
    throw Failure{reason};
  }

  bool matches(const Expected& expected, const std::string& line) {
    return Pattern{expected.text, variables_}.matches(line, variables_);
  }

  const Expected* take(std::vector<const Expected*>& from, const std::string& line) {
    for (auto at = from.begin(); at != from.end(); ++at) {
      if (!matches(**at, line)) continue;
      const auto* taken = *at;
      from.erase(at);
      return taken;
    }
    return nullptr;
  }

  const Expected* take_open(std::vector<const Expected*>& open, const std::string& line) {
    for (auto at = open.begin(); at != open.end(); ++at) {
      const auto* taken = *at;
      if (taken->mark == Mark::forbidden || !matches(*taken, line)) continue;
      if (taken->mark == Mark::maybe) open.erase(at);
      return taken;
    }
    return nullptr;
  }

  void note(const Step& step) { rows_.push_back({Row::State::note, step.source, "", step.line}); }

  const Session& session_;
  const Target& target_;
  std::vector<Row>& rows_;
  Variables variables_;
  std::map<std::string, std::unique_ptr<Connection>> connections_;
  std::size_t line_ = 0;
};

}  // namespace

Outcome play_section(const Session& session, const Section& section, const Target& target) {
  Outcome out;
  Play play{session, target, out.rows};
  try {
    for (const auto& step : session.prelude) play.step(step);
    for (const auto& step : section.steps) play.step(step);
    out.passed = true;
  } catch (const std::exception& error) {
    out.reason = error.what();
    out.line = play.line();
  }
  return out;
}

}  // namespace pennypost::conformance
