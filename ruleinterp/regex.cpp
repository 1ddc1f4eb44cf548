// PCRE2 behind the search values of scripts (spec 10 section 4.3). Needs nothing. An expression that costs too much is
// "too_much_work", which the machine notes as a warning and counts as no match.
#include "ruleinterp/regex.h"

#define PCRE2_CODE_UNIT_WIDTH 8
#include <fmt/format.h>
#include <pcre2.h>

#include "ruleinterp/text.h"

namespace pennypost::ruleinterp {
namespace {

// What a thread needs to match: made at its first match, lives as long as the thread.
struct Workspace {
  Workspace()
      : data{pcre2_match_data_create(Match::kMostGroups, nullptr)},
        context{pcre2_match_context_create(nullptr)},
        stack{pcre2_jit_stack_create(32 * 1024, 1024 * 1024, nullptr)} {
    pcre2_set_match_limit(context, kMatchLimit);
    pcre2_set_depth_limit(context, kMatchLimit);
    pcre2_set_heap_limit(context, kMatchHeapKib);
    pcre2_jit_stack_assign(context, nullptr, stack);
  }
  ~Workspace() {
    pcre2_match_data_free(data);
    pcre2_match_context_free(context);
    pcre2_jit_stack_free(stack);
  }
  Workspace(const Workspace&) = delete;
  Workspace& operator=(const Workspace&) = delete;

  pcre2_match_data* data;
  pcre2_match_context* context;
  pcre2_jit_stack* stack;
};

Workspace& workspace() {
  thread_local Workspace mine;
  return mine;
}

pcre2_code* as_code(void* code) { return static_cast<pcre2_code*>(code); }

}  // namespace

SearchForm search_form(std::string_view written) {
  if (written.size() < 2 || written.front() != '/') return {false, written, {}};
  const std::size_t last = written.rfind('/');
  if (last == 0) return {false, written, {}};
  return {true, written.substr(1, last - 1), written.substr(last + 1)};
}

std::unique_ptr<const Regex> Regex::compile(std::string_view body, std::string_view modifiers, Error& error) {
  std::unique_ptr<Regex> regex{new Regex};
  std::uint32_t options = 0;
  for (std::size_t i = 0; i < modifiers.size(); ++i) {
    switch (modifiers[i]) {
      case 'i':
        regex->ignore_case_ = true;
        options |= PCRE2_CASELESS;
        break;
      case 'm':
        regex->multi_line_ = true;
        options |= PCRE2_MULTILINE;
        break;
      case 's':
        regex->dot_all_ = true;
        options |= PCRE2_DOTALL;
        break;
      case 'x':
        regex->extended_ = true;
        options |= PCRE2_EXTENDED;
        break;
      case 'g':
        break;
      default:
        error = {fmt::format("'{}' is no modifier of an expression (i, m, s, x)", modifiers[i]), body.size() + 1 + i};
        return nullptr;
    }
  }
  pcre2_compile_context* context = pcre2_compile_context_create(nullptr);
  pcre2_set_newline(context, PCRE2_NEWLINE_ANYCRLF);
  pcre2_set_parens_nest_limit(context, 200);
  pcre2_set_max_pattern_length(context, 32 * 1024);
  int code = 0;
  PCRE2_SIZE offset = 0;
  regex->code_ = pcre2_compile(reinterpret_cast<PCRE2_SPTR>(body.data()), body.size(),
                               options | PCRE2_NEVER_BACKSLASH_C, &code, &offset, context);
  pcre2_compile_context_free(context);
  if (!regex->code_) {
    std::array<PCRE2_UCHAR, 256> text{};
    pcre2_get_error_message(code, text.data(), text.size());
    error = {reinterpret_cast<const char*>(text.data()), offset};
    return nullptr;
  }
  regex->body_ = body;
  return regex;
}

Regex::~Regex() { pcre2_code_free(as_code(code_)); }

Matched Regex::match(std::string_view subject, std::size_t from, Match* match) const {
  std::call_once(jit_, [this] { pcre2_jit_compile(as_code(code_), PCRE2_JIT_COMPLETE); });
  Workspace& mine = workspace();
  static constexpr char kNothing = 0;
  const char* begin = subject.data() ? subject.data() : &kNothing;
  const int rc = pcre2_match(as_code(code_), reinterpret_cast<PCRE2_SPTR>(begin), subject.size(), from, 0, mine.data,
                             mine.context);
  if (rc == PCRE2_ERROR_NOMATCH) return Matched::no;
  if (rc < 0) return Matched::too_much_work;
  if (!match) return Matched::yes;
  const PCRE2_SIZE* at = pcre2_get_ovector_pointer(mine.data);
  const std::size_t groups = rc == 0 ? Match::kMostGroups : static_cast<std::size_t>(rc);
  match->begin = at[0];
  match->end = std::max(at[0], at[1]);  // \K in a lookahead can turn them round
  match->groups.clear();
  for (std::size_t i = 0; i < groups; ++i) {
    const bool set = at[2 * i] != PCRE2_UNSET && at[2 * i] <= at[2 * i + 1];
    match->groups.push_back(set ? subject.substr(at[2 * i], at[2 * i + 1] - at[2 * i]) : std::string_view{});
  }
  return Matched::yes;
}

std::shared_ptr<const Search> Search::make(std::string_view written, Regex::Error& error) {
  auto search = std::make_shared<Search>();
  search->written_ = written;
  const SearchForm form = search_form(written);
  if (form.expression) {
    search->regex_ = Regex::compile(form.body, form.modifiers, error);
    if (!search->regex_) return nullptr;
  } else {
    search->plain_ = form.body;
  }
  return search;
}

Matched Search::find(std::string_view subject, std::size_t from, Match* match) const {
  if (regex_) return regex_->match(subject, from, match);
  const std::size_t at = find_ignoring_case(subject, plain_, from);
  if (at == std::string_view::npos) return Matched::no;
  if (match) {
    match->begin = at;
    match->end = at + plain_.size();
    match->groups.assign(1, subject.substr(at, plain_.size()));
  }
  return Matched::yes;
}

}  // namespace pennypost::ruleinterp
