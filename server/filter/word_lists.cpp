// The word lists (see the header). Each entry becomes a line of a BulkScan over the subject and the text that is no
// attachment; what could be read as anything but the entry itself is written as an expression.
#include "server/filter/word_lists.h"

#include <fmt/format.h>

#include "ruleinterp/compile.h"
#include "ruleinterp/machine.h"
#include "ruleinterp/regex.h"
#include "server/base/limits.h"
#include "server/base/log.h"
#include "server/base/text.h"

namespace pennypost::filter {
namespace {

constexpr LogEvent kListsAway{"filter.word_lists_away", Level::error, "the word lists cannot be used: {reason}"};
constexpr LogEvent kTooMany{"filter.word_entries", Level::warning, "limit {limit} passed: {count} words do not count"};
constexpr LogEvent kBadWord{"filter.bad_word", Level::warning, "an entry of a word list does not count: {problem}"};
constexpr LogEvent kStopped{"filter.words_stopped", Level::warning, "the word lists were stopped by a limit: {limit}"};

void add_literal(std::string& out, char c) {
  if (is_letter_or_digit(c))
    out += c;
  else
    out += fmt::format("\\x{:02x}", static_cast<unsigned char>(c));
}

// What a search of the rule language finds the entry by.
std::string search_for(std::string_view word) {
  if (ruleinterp::search_form(word).expression) {
    std::string out = replace_all(word, "\"", "\\x22");
    return replace_all(out, "${", "$(?:){");  // no variable
  }
  const bool wild = word.find_first_of("*?") != std::string_view::npos;
  if (!wild && word.find_first_of("\"$\\/[{") == std::string_view::npos) return std::string{word};
  std::string out = "/";
  for (const char c : word) {
    if (c == '*')
      out += ".{0,1000}?";
    else if (c == '?')
      out += "(?:[\\x00-\\x7f]|[\\xc0-\\xff][\\x80-\\xbf]*)";
    else
      add_literal(out, c);
  }
  return out + "/is";
}

}  // namespace

WordProgram::WordProgram(std::vector<Entry> entries) : entries_{std::move(entries)} {
  if (entries_.empty()) return;
  std::string text = "BulkScan Found [words]\n";
  for (const auto& entry : entries_) text += "AnyText \"" + search_for(entry.word) + "\" 1\n";
  text += "EndBulkScan\n";
  ruleinterp::ScriptTexts source;
  source.set(std::string{ruleinterp::kMainFile}, std::move(text));
  auto compiled = ruleinterp::compile_from(source);
  for (const auto& problem : compiled.problems) log(kBadWord, {{"problem", ruleinterp::describe(problem)}});
  program_ = std::move(compiled.program);
}

FoundWords WordProgram::find(const ruleinterp::Mail& mail, std::chrono::milliseconds most) const {
  FoundWords found;
  if (!program_) return found;
  ruleinterp::Limits limits;
  limits.time = most;
  const ruleinterp::Envelope envelope;
  const ruleinterp::Host host;
  ruleinterp::Run run{*program_, mail, envelope, host, limits};
  const auto outcome = run.execute();
  if (outcome.ended != ruleinterp::Ended::at_the_end) log(kStopped, {{"limit", ruleinterp::word(outcome.ended)}});
  for (const auto& hit : outcome.hits) {
    if (hit.line < 2 || hit.line - 2 >= entries_.size()) continue;
    const Entry& entry = entries_[hit.line - 2];
    auto& first = entry.list == store::AddressList::white ? found.white : found.black;
    if (first.empty()) first = entry.word;
  }
  return found;
}

std::shared_ptr<const WordProgram> WordLists::words() {
  return words_.get([this] { return read(); });
}

std::shared_ptr<const WordProgram> WordLists::read() {
  const auto mark = lists_.words_mark();
  if (!mark) {
    log(kListsAway, mark.error());
    return nullptr;
  }
  if (mark_ == *mark) return nullptr;
  std::vector<WordProgram::Entry> entries;
  for (const auto list : {store::AddressList::white, store::AddressList::black}) {
    auto words = lists_.words(list);
    if (!words) {
      log(kListsAway, words.error());
      return nullptr;
    }
    for (auto& word : *words) entries.push_back({list, std::move(word)});
  }
  const auto most = static_cast<std::size_t>(kWordEntries.most);
  if (entries.size() > most) {
    log(kTooMany, {{"limit", kWordEntries.name}, {"count", entries.size() - most}});
    entries.resize(most);
  }
  auto fresh = std::make_shared<const WordProgram>(std::move(entries));
  mark_ = *mark;
  return fresh;
}

FoundWords WordLists::find(const ruleinterp::Mail& mail, std::chrono::milliseconds most) {
  const auto all = words();
  return all && !all->empty() ? all->find(mail, most) : FoundWords{};
}

}  // namespace pennypost::filter
