// Statements that say something about the message or change where it goes (spec 10 sections 6.6, 6.12; 11 sections 1.2,
// 1.5, 1.7). Nothing is changed while the script runs: the outcome collects it and the filter acts on it afterwards.
#include <algorithm>

#include <fmt/format.h>

#include "ruleinterp/header_changes.h"
#include "ruleinterp/statements/families.h"
#include "ruleinterp/text.h"

namespace pennypost::ruleinterp::families {
namespace {

constexpr std::size_t kLogLine = 4096;     // octets of one entry
constexpr std::size_t kReplyLine = 500;    // octets of an SMTP reply (RFC 5321 section 4.5.3.1.5: 512 with CR LF)
constexpr std::size_t kMostCopies = 100;   // of one message
constexpr std::size_t kMostMessages = 50;  // sent for one message

// One line, so that a script cannot forge log lines.
std::string on_one_line(std::string_view text, std::size_t most) {
  std::string out{text.substr(0, most)};
  for (char& c : out)
    if (c == '\r' || c == '\n' || c == '\0') c = ' ';
  return out;
}

// Of two lines for the same field the later wins (spec 10 section 6.6): it takes the place of the one before when
// nothing else was asked for the field in between.
void add_change(std::vector<HeaderChange>& changes, HeaderChange change) {
  if (change.kind == HeaderChange::Kind::set) {
    const auto before = std::find_if(changes.rbegin(), changes.rend(), [&](const HeaderChange& other) {
      return equal_ignoring_case(other.name, change.name);
    });
    if (before != changes.rend() && before->kind == HeaderChange::Kind::set && before->user == change.user) {
      *before = std::move(change);
      return;
    }
  }
  changes.push_back(std::move(change));
}

}  // namespace

Flow run_add_header(Run& run, const Instruction& i) {
  std::string error;
  if (auto change = header_change_of(run.text(i, 0), error)) {
    run.arena().charge(change->name.size() + change->value.size() + sizeof *change);
    add_change(run.outcome().headers, std::move(*change));
  } else {
    run.warn(fmt::format("AddHeader changes nothing: {}", error));
  }
  return Flow::next;
}

Flow run_copy(Run& run, const Instruction& i) {
  const std::string to{trim(run.text(i, 0))};
  auto& copies = run.outcome().copies;
  if (to.empty() || std::find(copies.begin(), copies.end(), to) != copies.end()) return Flow::next;
  // Who was to get the message anyway does not count: a Redirect that leaves some out names them so.
  const bool is_recipient = std::ranges::any_of(
      run.envelope().recipients, [&](const auto& recipient) { return equal_ignoring_case(recipient, to); });
  if (!is_recipient && ++run.foreign_copies > kMostCopies) {
    run.warn(fmt::format("more than {} copies of one message; the rest is dropped", kMostCopies));
    return Flow::next;
  }
  copies.push_back(to);
  return Flow::next;
}

Flow run_redirect(Run& run, const Instruction& i) {
  const std::string to{trim(run.text(i, 0))};
  if (to.empty()) {
    run.warn("Redirect to nobody changes nothing");
    return Flow::next;
  }
  run.recipients().assign(1, to);
  run.outcome().redirected = true;
  for (std::uint32_t slot = 0; slot < run.program().variables.size(); ++slot)
    if (run.program().variables[slot].name == "rcptcount") run.set(slot, 1.0);
  return Flow::next;
}

Flow run_reject(Run& run, const Instruction& i) {
  if (run.envelope().arrival != Arrival::smtp) {
    run.note("no SMTP mail: Reject does nothing");
    return Flow::next;
  }
  std::string text = on_one_line(trim(run.text(i, 0)), kReplyLine);
  const auto digit = [&](std::size_t at) { return at < text.size() && text[at] >= '0' && text[at] <= '9'; };
  const bool coded = (text.starts_with('4') || text.starts_with('5')) && digit(1) && digit(2) &&
                     (text.size() == 3 || text[3] == ' ' || text[3] == '-');
  if (coded && text.size() > 3) text[3] = ' ';  // a reply of one line
  if (!coded) text = text.empty() ? "552 Message refused" : "552 " + text;
  run.outcome().reject = std::move(text);
  run.outcome().ended = Ended::reject;
  return Flow::stop;
}

Flow run_send_message(Run& run, const Instruction& i) {
  const std::string to{trim(run.text(i, 0))};
  if (to.empty()) {
    run.warn("SendMessage without a recipient sends nothing");
    return Flow::next;
  }
  auto& messages = run.outcome().messages;
  if (messages.size() >= kMostMessages) {
    run.warn(fmt::format("more than {} messages sent for one message; the rest is dropped", kMostMessages));
    return Flow::next;
  }
  std::string text;
  const std::string_view written = run.text(i, 2);
  for (std::size_t at = 0; at < written.size(); ++at) {
    const bool line_break = written[at] == '\\' && at + 1 < written.size() && written[at + 1] == 'n';
    text += line_break ? '\n' : written[at];
    if (line_break) ++at;
  }
  run.arena().charge(text.size());
  messages.push_back({to, on_one_line(run.text(i, 1), kLogLine), std::move(text)});
  return Flow::next;
}

Flow run_log(Run& run, const Instruction& i) {
  if (run.outcome().log.size() < run.limits().log_lines) {
    std::string entry = on_one_line(run.text(i, 0), kLogLine);
    run.arena().charge(entry.size());
    run.outcome().log.push_back(std::move(entry));
  } else {
    run.warn(fmt::format("more than {} entries of Log; the rest is dropped", run.limits().log_lines));
  }
  return Flow::next;
}

}  // namespace pennypost::ruleinterp::families
