// The actions of the grammar: from octets to the lines of tree.h (spec 10 section 2).
// Needs one line at a time. A line that does not parse costs one problem and becomes `broken`; the next line is read
// as if nothing had happened, so one run finds all problems of a script.
#include "ruleinterp/grammar.h"
#include "ruleinterp/messages.h"
#include "ruleinterp/tree.h"

namespace pennypost::ruleinterp {
namespace {

namespace pegtl = tao::pegtl;

struct LineState {
  Line line;
  std::string_view source;

  Word word(const char* begin, const char* end) const {
    const auto at = static_cast<std::uint32_t>(begin - source.data());
    const auto length = static_cast<std::uint32_t>(end - begin);
    return {source.substr(at, length), at + 1, length, false};
  }
};

template <typename Rule>
struct action : pegtl::nothing<Rule> {};

template <LineKind kind>
struct sets_kind {
  template <typename Input>
  static void apply(const Input&, LineState& state) {
    state.line.kind = kind;
  }
};

template <>
struct action<grammar::if_support> : sets_kind<LineKind::if_support> {};
template <>
struct action<grammar::end_if_support> : sets_kind<LineKind::end_support> {};
template <>
struct action<grammar::stop_parsing> : sets_kind<LineKind::stop_parsing> {};

struct adds_word {
  template <typename Input>
  static void apply(const Input& in, LineState& state) {
    if (state.line.kind == LineKind::blank) state.line.kind = LineKind::statement;
    state.line.words.push_back(state.word(in.begin(), in.end()));
  }
};

template <>
struct action<grammar::bare> : adds_word {};
template <>
struct action<grammar::quoted> {
  template <typename Input>
  static void apply(const Input& in, LineState& state) {
    adds_word::apply(in, state);
    Word& word = state.line.words.back();
    word.text = word.text.substr(1, word.text.size() - 2);
    word.quoted = true;
  }
};
template <>
struct action<grammar::assignment_operator> : adds_word {};
template <>
struct action<grammar::label_name> {
  template <typename Input>
  static void apply(const Input& in, LineState& state) {
    state.line.kind = LineKind::label;
    state.line.words.push_back(state.word(in.begin(), in.end()));
  }
};
template <>
struct action<grammar::file_name> {
  template <typename Input>
  static void apply(const Input& in, LineState& state) {
    state.line.kind = LineKind::include;
    Word word = state.word(in.begin(), in.end());
    while (!word.text.empty() && (word.text.back() == ' ' || word.text.back() == '\t')) word.text.remove_suffix(1);
    word.length = static_cast<std::uint32_t>(word.text.size());
    state.line.words.push_back(word);
  }
};
template <>
struct action<grammar::variable> {
  template <typename Input>
  static void apply(const Input& in, LineState& state) {
    state.line.kind = LineKind::assignment;
    adds_word::apply(in, state);
  }
};
template <>
struct action<grammar::comment_text> {
  template <typename Input>
  static void apply(const Input& in, LineState& state) {
    state.line.kind = LineKind::comment;
    const Word text = state.word(in.begin(), in.end());
    state.line.comment = text.text;
    state.line.comment_column = text.column - 1;
  }
};

// Raises the text of messages.h; a rule without one must not stand in a must<>.
template <typename Rule>
struct control : pegtl::normal<Rule> {
  template <typename Input, typename... States>
  [[noreturn]] static void raise(const Input& in, States&&...) {
    if constexpr (message<Rule>.text != nullptr) {
      throw pegtl::parse_error(message<Rule>.text, in);
    } else {
      throw pegtl::parse_error("this line is not understood", in);
    }
  }
};

const char* expected_for(std::string_view text) {
  for (const Message& m : {message<grammar::closing_quote>, message<grammar::label_name>, message<grammar::file_name>,
                           message<grammar::spaced_operator>, message<grammar::assigned>})
    if (text == m.text) return m.expected;
  return "";
}

// A quote left open in a comment behind a statement is no matter: the comment begins at the bare # before it. In the
// place of the value of an assignment # begins none.
bool rescue_comment(Line& line, std::string_view source) {
  for (std::size_t i = line.kind == LineKind::assignment ? 3 : 1; i < line.words.size(); ++i) {
    const Word& word = line.words[i];
    if (word.quoted || word.text.empty() || word.text[0] != '#') continue;
    line.comment_column = word.column;
    line.comment = source.substr(word.column - 1);
    line.words.resize(i);
    return true;
  }
  return false;
}

constexpr std::size_t kLongestLine = 64 * 1024;

}  // namespace

Line parse_line(std::string_view source, std::uint32_t number, Inside inside, std::vector<Problem>& problems) {
  LineState state;
  state.source = source;
  state.line.source = source;
  state.line.number = number;
  const auto failed = [&](std::string text, std::string expected, std::size_t at) {
    state.line.kind = LineKind::broken;
    problems.push_back({Severity::error,
                        {},
                        number,
                        static_cast<std::uint32_t>(at + 1),
                        1,
                        std::move(text),
                        std::move(expected),
                        {},
                        std::string{source.substr(0, 400)}});
  };
  if (source.size() > kLongestLine) {
    failed("the line is longer than 65536 octets", {}, 0);
    return state.line;
  }
  pegtl::memory_input<pegtl::tracking_mode::lazy, pegtl::eol::lf> in(source.data(), source.data() + source.size(), "");
  try {
    if (inside == Inside::bulk_scan) {
      pegtl::parse<grammar::scan_line, action, control>(in, state);
    } else {
      pegtl::parse<grammar::line, action, control>(in, state);
    }
  } catch (const pegtl::parse_error& e) {
    std::size_t at = e.positions().front().byte;
    const std::string text{e.message()};
    if (text == message<grammar::closing_quote>.text) {
      if (state.line.kind == LineKind::blank) state.line.kind = LineKind::statement;
      if (rescue_comment(state.line, source)) return state.line;
      // The caret belongs below the quote that was opened, which is where the last complete word ends.
      const std::size_t from =
          state.line.words.empty() ? 0 : state.line.words.back().column - 1 + state.line.words.back().length;
      at = std::min(source.find('"', from), source.size());
    }
    failed(text, expected_for(text), at);
  }
  return state.line;
}

}  // namespace pennypost::ruleinterp
