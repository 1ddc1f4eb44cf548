// Plays the scripts of testdata/rules/cases: each case is a script, a message and what the specification says comes of
// it (the form is in testdata/rules/README.md). Messages are real ones, read by the server's own view of a mail. Every
// case also runs formatted and with every search tried by itself, which must change nothing.
#include <algorithm>
#include <array>
#include <filesystem>
#include <fstream>
#include <sstream>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "ruleinterp/fakes.h"
#include "ruleinterp/tools/format.h"
#include "server/filter/mail_view.h"
#include "server/message/parse.h"

namespace pennypost::ruleinterp {
namespace {

namespace fs = std::filesystem;

using Lines = std::vector<std::string>;

struct Case {
  std::string where, name;
  Lines script, message, given, expected;
  std::optional<Lines> zone;
  std::map<std::string, Lines> files;
};

int hex(char c) { return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1; }

// {{0d 0a}} are octets, {{61*1000}} a thousand of them.
std::string octets(std::string_view text) {
  std::string out;
  while (!text.empty()) {
    const std::size_t open = std::min(text.find("{{"), text.size());
    out += text.substr(0, open);
    text.remove_prefix(open);
    if (text.empty()) break;
    const std::size_t close = text.find("}}");
    std::string_view inside = text.substr(2, close == std::string_view::npos ? 0 : close - 2);
    const std::size_t star = inside.find('*');
    const std::string_view digits = inside.substr(0, star);
    const bool good = !digits.empty() && digits.find_first_not_of("0123456789abcdef ") == std::string_view::npos;
    if (!good) {
      out += text.substr(0, 2);
      text.remove_prefix(2);
      continue;
    }
    std::string made;
    for (std::size_t i = 0; i + 1 < digits.size(); ++i)
      if (digits[i] != ' ') made += static_cast<char>(hex(digits[i]) * 16 + hex(digits[i + 1])), ++i;
    const int times = star == std::string_view::npos ? 1 : std::stoi(std::string{inside.substr(star + 1)});
    for (int i = 0; i < times; ++i) out += made;
    text.remove_prefix(close + 2);
  }
  return out;
}

std::string joined(Lines lines, std::string_view line_end) {
  while (!lines.empty() && lines.back().empty()) lines.pop_back();
  std::string out;
  for (const std::string& line : lines) out.append(line).append(line_end);
  return octets(out);
}

std::vector<Case> read_cases(const fs::path& path, std::map<std::string, Lines>& messages) {
  std::ifstream in(path, std::ios::binary);
  std::vector<Case> cases;
  Lines* section = nullptr;
  int number = 0;
  for (std::string line; std::getline(in, line);) {
    ++number;
    if (!line.starts_with("@@ ")) {
      if (section) section->push_back(line);
      continue;
    }
    const std::size_t end = std::min(line.find(' ', 3), line.size());
    const std::string word = line.substr(3, end - 3);
    const std::string rest = end < line.size() ? line.substr(end + 1) : std::string{};
    section = nullptr;
    if (word == "define") {
      section = &messages[rest];
      continue;
    }
    if (word == "case") {
      cases.emplace_back();
      cases.back().where = fmt::format("{}:{}", path.filename().string(), number);
      cases.back().name = rest;
      cases.back().message = messages["M"];
      section = &cases.back().script;
    } else if (cases.empty()) {
      ADD_FAILURE() << path << ':' << number << ": " << word << " before the first case";
    } else if (Case& c = cases.back(); word == "file") {
      section = &c.files[rest];
    } else if (word == "message" && !rest.empty()) {
      c.message = messages[rest];
    } else if (word == "message") {
      c.message.clear();
      section = &c.message;
    } else if (word == "dns") {
      section = &c.zone.emplace();
    } else if (word == "given") {
      section = &c.given;
    } else if (word == "expect") {
      section = &c.expected;
    } else {
      ADD_FAILURE() << path << ':' << number << ": " << word << " is no word of a case";
    }
  }
  return cases;
}

std::pair<std::string, std::string> split_at(const std::string& line, char at) {
  const std::size_t found = std::min(line.find(at), line.size());
  return {std::string{trim(line.substr(0, found))}, found < line.size() ? line.substr(found + 1) : std::string{}};
}

// What one run of a case gave.
struct Played {
  std::vector<Problem> problems;
  std::optional<Outcome> outcome;
};

class Player {
 public:
  explicit Player(const Case& played) : case_{played}, raw_{joined(played.message, "\r\n")} {}

  enum class How { as_written, formatted, one_by_one };

  Played play(How how) {
    const auto script_of = [&](const Lines& lines) {
      const std::string text = joined(lines, "\n");
      return how == How::formatted ? format_script(text) : text;
    };
    ScriptTexts scripts;
    scripts.set("spamrules.txt", script_of(case_.script));
    for (const auto& [name, lines] : case_.files) scripts.set(name, script_of(lines));
    std::map<std::string, std::string> presets;
    std::vector<std::string> names;
    for (const std::string& line : case_.given)
      if (line.starts_with("var ")) {
        const auto [name, value] = split_at(octets(line.substr(4)), '=');
        presets[name] = value;
        names.push_back(name);
      }
    Compiled compiled = compile_from(scripts, Strictness::lenient, kMainFile, names);
    Played played{compiled.problems, {}};
    if (!compiled.program) return played;
    if (how == How::one_by_one) std::const_pointer_cast<Program>(compiled.program)->prefilters.switch_off();

    const message::Message message = message::parse(raw_);
    const filter::MailView mail{message};
    MemoryDatabase database;
    MemoryLists lists;
    fakes::FakeDirectory directory;
    fakes::FakeChoices choices;
    fakes::FakeBayes bayes;
    fakes::FakeGeoIp geoip;
    std::vector<Problem> zone_problems;
    std::optional<ZoneFile> zone;
    Host host;
    host.database = &database;
    host.lists = &lists;
    if (case_.zone) host.dns = &zone.emplace(joined(*case_.zone, "\n"), "zone", zone_problems);
    Envelope envelope;
    for (const std::string& line : case_.given) {
      if (trim(line).empty()) continue;
      const auto [word, rest] = split_at(line, ' ');
      const auto [name, value] = split_at(octets(rest), ' ');
      if (word == "recipient") envelope.recipients.push_back(rest);
      if (word == "pop3") envelope.arrival = Arrival::pop3;
      if (word == "whitelist") lists.add(List::white, rest);
      if (word == "blacklist") lists.add(List::black, rest);
      if (word == "weight") host.choices = &choices, choices.weights_by_rule[name].push_back(leading_number(value));
      if (word == "setting") host.choices = &choices, choices.settings[name] = value;
      if (word == "type") host.directory = &directory, directory.types[name] = value;
      if (word == "group") host.directory = &directory, directory.groups[name].push_back(value);
      if (word == "bayes") host.bayes = &bayes, bayes.percent = leading_number(rest);
      if (word == "geoip") host.geoip = &geoip;
    }
    if (envelope.recipients.empty()) envelope.recipients = filter::recipients_in_header(mail);
    Run run{*compiled.program, mail, envelope, host, {}};
    for (const auto& [name, value] : presets) run.preset(name, value);
    played.outcome = run.execute();
    played.problems.insert(played.problems.end(), played.outcome->warnings.begin(), played.outcome->warnings.end());
    return played;
  }

 private:
  const Case& case_;
  std::string raw_;
};

std::string list(const std::vector<std::string>& items, std::string_view between) {
  return fmt::format("{}", fmt::join(items, between));
}

std::string text_of(const HeaderChange& change) {
  return std::string{trim(fmt::format("{} {}{}: {}", word(change.kind),
                                      change.user.empty() ? "" : "{" + change.user + "}", change.name, change.value))};
}

// Compares a run with the lines of `@@ expect`; returns how many things were looked at.
int compare(const Case& c, const Played& played) {
  int checks = 0;
  const Outcome none;
  const Outcome& outcome = played.outcome ? *played.outcome : none;
  std::vector<Problem> left = played.problems;
  std::map<std::string, std::vector<std::string>> lists;  // log, header, sent
  bool broken = false;
  for (const std::string& line : c.expected) {
    if (trim(line).empty()) continue;
    const auto [key, rest] = split_at(line, ':');
    const std::string value = octets(trim(rest));
    ++checks;
    SCOPED_TRACE(line);
    if (key == "warning" || key == "error") {
      const auto [place, text] = split_at(value, ' ');
      broken = broken || key == "error";
      const auto found = std::ranges::find_if(left, [&, &p = place, &t = text](const Problem& problem) {
        return (problem.severity == Severity::error) == (key == "error") &&
               equal_ignoring_case(fmt::format("{}:{}", problem.file, problem.line), p) &&
               find_ignoring_case(problem.text + ' ' + problem.suggestion, t, 0) != std::string_view::npos;
      });
      EXPECT_NE(found, left.end()) << "the problem is missing";
      if (found != left.end()) left.erase(found);
    } else if (key == "log" || key == "header" || key == "sent") {
      auto& items = lists[key];
      if (!trim(rest).empty()) items.push_back(value);
    } else if (key == "log-empty") {
      lists["log"].emplace_back();
    } else if (key.starts_with('$')) {
      const auto found = outcome.variables.find(lower(key.substr(1)));
      EXPECT_EQ(found == outcome.variables.end() ? "(unset)" : found->second, value);
    } else if (key.starts_with("bag ")) {
      const auto found = outcome.bags.find(lower(key.substr(4)));
      EXPECT_EQ(found == outcome.bags.end() ? "(none)" : list(found->second, " | "), value);
    } else if (key == "score") {
      EXPECT_EQ(outcome.score, leading_number(value));
    } else if (key == "matched") {
      EXPECT_EQ(list(outcome.matched_conditions, ", "), value);
    } else if (key == "reject") {
      EXPECT_EQ(outcome.reject.value_or("none"), value);
    } else if (key == "stopped") {
      EXPECT_EQ(stops_early(outcome.ended), value == "true");
    } else if (key == "ended") {
      EXPECT_EQ(word(outcome.ended), value);
    } else if (key == "recipients") {
      EXPECT_EQ(list(outcome.recipients, ", "), value);
    } else if (key == "copies") {
      EXPECT_EQ(list(outcome.copies, ", "), value);
    } else if (key == "hits") {
      std::vector<std::string> hits;
      for (const RuleHit& hit : outcome.hits)
        hits.push_back(fmt::format("{} {} {} <{}>", hit.rule, number_text(hit.amount), hit.pattern, hit.match));
      EXPECT_EQ(list(hits, " ; "), value);
    } else {
      ADD_FAILURE() << "no such expectation";
    }
  }
  for (const Problem& problem : left) ADD_FAILURE() << "not expected: " << describe(problem);
  EXPECT_EQ(played.outcome.has_value(), !broken);
  for (const auto& [key, items] : lists) {
    std::vector<std::string> got;
    if (key == "log") got = outcome.log;
    if (key == "header") std::ranges::transform(outcome.headers, std::back_inserter(got), text_of);
    if (key == "sent")
      for (const SentMessage& m : outcome.messages)
        got.push_back(fmt::format("{} / {} / {}", m.recipient, m.subject, m.text));
    EXPECT_EQ(got, items) << key;
  }
  return checks;
}

// All of an outcome but times, counts and columns, to compare two runs.
std::string gist(const Played& played) {
  if (!played.outcome) return "no program";
  Outcome outcome = *played.outcome;
  for (Problem& warning : outcome.warnings) warning.column = 0;
  outcome.instructions = 0;
  outcome.time = {};
  return to_json(outcome);
}

TEST(Cases, EveryScriptDoesWhatTheSpecificationSays) {
  std::vector<fs::path> files;
  for (const auto& entry : fs::directory_iterator(PENNYPOST_TESTDATA "/rules/cases"))
    if (entry.path().extension() == ".txt") files.push_back(entry.path());
  std::ranges::sort(files);  // 00-messages.txt defines what the others use
  std::map<std::string, Lines> messages;
  int cases = 0, checks = 0;
  for (const fs::path& file : files)
    for (const Case& c : read_cases(file, messages)) {
      SCOPED_TRACE(c.where + " " + c.name);
      Player player{c};
      const Played played = player.play(Player::How::as_written);
      checks += compare(c, played);
      ++cases;
      if (c.name.find("present time") != std::string::npos) continue;
      EXPECT_EQ(gist(player.play(Player::How::formatted)), gist(played)) << "formatting changed the meaning";
      EXPECT_EQ(gist(player.play(Player::How::one_by_one)), gist(played))
          << "the filter of patterns changed the result";
    }
  RecordProperty("cases", cases);
  RecordProperty("checks", checks);
  EXPECT_GE(checks, 250);
}

}  // namespace
}  // namespace pennypost::ruleinterp
