// SEARCH keys: a table of the words, a recursive reader with a counted depth, simplification, printing.
// Sources: RFC 3501 6.4.4 and section 9 "search-key", RFC 5032 (WITHIN), RFC 7162 3.1.5 (MODSEQ). Strings are brought
// to case-folded UTF-8 here, once, so that the comparison later is one of octets.
#include "server/imap/search_tree.h"

#include <algorithm>
#include <array>

#include "server/base/limits.h"
#include "server/base/text.h"
#include "server/message/charset.h"

namespace pennypost::imap {

namespace {

using store::Flag;

enum class Takes : std::uint8_t { nothing, string, date, number, number64, keyword, sequence, field, mod_seq };

struct Word {
  std::string_view text;
  Key key;
  Takes takes = Takes::nothing;
  store::Flags flags = {};
  std::string_view field = {};
};
constexpr std::array kWords = {
    Word{"ALL", Key::all},
    Word{"ANSWERED", Key::flag_set, Takes::nothing, Flag::answered},
    Word{"BCC", Key::header, Takes::string, {}, "Bcc"},
    Word{"BEFORE", Key::before, Takes::date},
    Word{"BODY", Key::body, Takes::string},
    Word{"CC", Key::header, Takes::string, {}, "Cc"},
    Word{"DELETED", Key::flag_set, Takes::nothing, Flag::deleted},
    Word{"DRAFT", Key::flag_set, Takes::nothing, Flag::draft},
    Word{"FLAGGED", Key::flag_set, Takes::nothing, Flag::flagged},
    Word{"FROM", Key::header, Takes::string, {}, "From"},
    Word{"HEADER", Key::header, Takes::field},
    Word{"KEYWORD", Key::keyword_set, Takes::keyword},
    Word{"LARGER", Key::larger, Takes::number},
    Word{"MODSEQ", Key::mod_seq, Takes::mod_seq},
    Word{"OLDER", Key::older, Takes::number},
    Word{"ON", Key::on, Takes::date},
    Word{"RECENT", Key::recent},
    Word{"SEEN", Key::flag_set, Takes::nothing, Flag::seen},
    Word{"SENTBEFORE", Key::sent_before, Takes::date},
    Word{"SENTON", Key::sent_on, Takes::date},
    Word{"SENTSINCE", Key::sent_since, Takes::date},
    Word{"SINCE", Key::since, Takes::date},
    Word{"SMALLER", Key::smaller, Takes::number},
    Word{"SUBJECT", Key::subject, Takes::string},
    Word{"TEXT", Key::text, Takes::string},
    Word{"TO", Key::header, Takes::string, {}, "To"},
    Word{"UID", Key::uid, Takes::sequence},
    Word{"UNANSWERED", Key::flag_unset, Takes::nothing, Flag::answered},
    Word{"UNDELETED", Key::flag_unset, Takes::nothing, Flag::deleted},
    Word{"UNDRAFT", Key::flag_unset, Takes::nothing, Flag::draft},
    Word{"UNFLAGGED", Key::flag_unset, Takes::nothing, Flag::flagged},
    Word{"UNKEYWORD", Key::keyword_unset, Takes::keyword},
    Word{"UNSEEN", Key::flag_unset, Takes::nothing, Flag::seen},
    Word{"YOUNGER", Key::younger, Takes::number},
};
static_assert(std::ranges::is_sorted(kWords, {}, &Word::text));

SearchNode made(Key key) {
  SearchNode node;
  node.key = key;
  return node;
}

SearchNode with_flags(Key key, store::Flags flags) {
  SearchNode node = made(key);
  node.flags = flags;
  return node;
}

SearchNode negated(SearchNode node) {
  SearchNode out = made(Key::negation);
  out.children.push_back(std::move(node));
  return out;
}

class Reader {
 public:
  Reader(Arguments& in, const std::string& charset) : in_{in}, charset_{charset} {}

  SearchNode keys(bool in_parentheses) {
    SearchNode all = made(Key::conjunction);
    do {
      all.children.push_back(key());
    } while (!in_.failed() && !(in_parentheses && in_.next_is(')')) && in_.take(' ') && !blank_end());
    return all;
  }

 private:
  /// Blanks behind the last key.
  bool blank_end() const { return in_.at_end(); }

  SearchNode key() {
    struct Deeper {
      int& depth;
      explicit Deeper(int& d) : depth{d} { ++depth; }
      ~Deeper() { --depth; }
      Deeper(const Deeper&) = delete;
    } deeper{depth_};
    if (depth_ > kImapSearchDepth.most) in_.fail("the search is nested too deep");
    if (++count_ > kImapSearchKeys.most) in_.fail("too many search keys");
    if (in_.failed()) return {};
    if (in_.take('(')) {
      SearchNode inside = keys(true);
      in_.expect(')');
      return inside;
    }
    if (is_digit(in_.next()) || in_.next_is('*')) {
      SearchNode node = made(Key::sequence);
      node.set = in_.sequence_set();
      return node;
    }
    if (in_.take_word("NOT")) {
      in_.space();
      return negated(key());
    }
    if (in_.take_word("OR")) {
      SearchNode either = made(Key::disjunction);
      in_.space();
      either.children.push_back(key());
      in_.space();
      either.children.push_back(key());
      return either;
    }
    if (in_.take_word("NEW")) {  // RECENT UNSEEN
      SearchNode both = made(Key::conjunction);
      both.children.push_back(made(Key::recent));
      both.children.push_back(with_flags(Key::flag_unset, Flag::seen));
      return both;
    }
    if (in_.take_word("OLD")) return negated(made(Key::recent));
    for (const Word& word : kWords)
      if (in_.take_word(word.text)) return arguments_of(word);
    in_.fail(in_.at_end() ? "missing search key" : "unknown search key");
    return {};
  }

  SearchNode arguments_of(const Word& word) {
    SearchNode node = made(word.key);
    node.flags = word.flags;
    node.name = word.field;
    if (word.takes == Takes::nothing) return node;
    in_.space();
    switch (word.takes) {
      case Takes::nothing:
        break;
      case Takes::string:
        node.text = text();
        break;
      case Takes::date:
        node.day = in_.date();
        break;
      case Takes::number:
        node.number = in_.number();
        break;
      case Takes::number64:
        node.number = in_.number64();
        break;
      case Takes::keyword:
        node.name = in_.atom();
        break;
      case Takes::sequence:
        node.set = in_.sequence_set();
        break;
      case Takes::field:
        node.name = in_.astring();
        in_.space();
        node.text = text();
        break;
      case Takes::mod_seq:
        if (in_.next_is('"')) {  // RFC 7162 3.1.5: an entry name and its type; flags have no mod-sequence of their own
          in_.string();
          in_.space();
          in_.atom();
          in_.space();
        }
        node.number = in_.number64();
        break;
    }
    if (word.key == Key::subject) node.name.clear();
    return node;
  }

  std::string text() {
    const std::string octets = in_.astring();
    return message::fold_case(charset_.empty() ? message::to_utf8(octets) : message::to_utf8(octets, charset_));
  }

  Arguments& in_;
  const std::string& charset_;
  int depth_ = 0;
  int count_ = 0;
};

void print_string(std::string& out, std::string_view text) {
  if (std::ranges::any_of(text, [](char c) { return c == '\r' || c == '\n' || c == '\0'; })) {
    out += "{" + std::to_string(text.size()) + "}\r\n";
    out += text;
    return;
  }
  out += '"';
  for (const char c : text) {
    if (c == '"' || c == '\\') out += '\\';
    out += c;
  }
  out += '"';
}

void print_to(std::string& out, const SearchNode& node);

void print_list(std::string& out, const SearchNode& node) {
  for (std::size_t i = 0; i < node.children.size(); ++i) {
    if (i > 0) out += ' ';
    print_to(out, node.children[i]);
  }
}

void print_flags(std::string& out, const SearchNode& node) {
  bool later = false;
  for (const Word& word : kWords) {
    if (word.key != node.key || word.flags == store::Flags{} || (word.flags & node.flags) == store::Flags{}) continue;
    if (later) out += ' ';
    later = true;
    out += word.text;
  }
}

void print_to(std::string& out, const SearchNode& node) {
  const auto word_of = [&node] {
    return std::ranges::find_if(kWords, [&](const Word& word) {
      return word.key == node.key && (node.key != Key::header || same_word(word.field, node.name));
    });
  };
  switch (node.key) {
    case Key::none:
      out += "NOT ALL";
      return;
    case Key::flag_set:
    case Key::flag_unset: {
      const bool several = (node.flags.bits & (node.flags.bits - 1)) != 0;
      if (several) out += '(';
      print_flags(out, node);
      if (several) out += ')';
      return;
    }
    case Key::sequence:
      out += node.set.print();
      return;
    case Key::conjunction:
      out += '(';
      print_list(out, node);
      out += ')';
      return;
    case Key::disjunction: {
      for (std::size_t i = 0; i + 1 < node.children.size(); ++i) {
        out += "OR ";
        print_to(out, node.children[i]);
        out += ' ';
      }
      print_to(out, node.children.back());
      return;
    }
    case Key::negation:
      out += "NOT ";
      print_to(out, node.children.front());
      return;
    case Key::header: {
      const auto word = word_of();
      if (word != kWords.end()) {
        out += word->text;
      } else {
        out += "HEADER ";
        print_string(out, node.name);
      }
      out += ' ';
      print_string(out, node.text);
      return;
    }
    default:
      break;
  }
  const auto word = word_of();
  out += word->text;
  switch (word->takes) {
    case Takes::nothing:
      break;
    case Takes::string:
    case Takes::field:
      out += ' ';
      print_string(out, node.text);
      break;
    case Takes::date:
      out += ' ' + print_day(node.day);
      break;
    case Takes::number:
    case Takes::number64:
    case Takes::mod_seq:
      out += ' ' + std::to_string(node.number);
      break;
    case Takes::keyword:
      out += ' ' + node.name;
      break;
    case Takes::sequence:
      out += ' ' + node.set.print();
      break;
  }
}

/// Conjunction and disjunction are each other's mirror: what one absorbs the other drops.
SearchNode simplify_list(SearchNode node) {
  const bool both = node.key == Key::conjunction;
  const Key neutral = both ? Key::all : Key::none;
  const Key absorbing = both ? Key::none : Key::all;
  std::vector<SearchNode> kept;
  const auto keep = [&](SearchNode child) {
    if (child.key == neutral) return;
    // Flags gather: all of these set; in a disjunction the gathered form would mean something else.
    if (both && (child.key == Key::flag_set || child.key == Key::flag_unset)) {
      const auto same = std::ranges::find(kept, child.key, &SearchNode::key);
      if (same != kept.end()) {
        same->flags = same->flags | child.flags;
        return;
      }
    }
    if (std::ranges::find(kept, child) == kept.end()) kept.push_back(std::move(child));
  };
  for (SearchNode& child : node.children) {
    child = simplify(std::move(child));
    if (child.key == absorbing) return made(absorbing);
    if (child.key == node.key) {
      for (SearchNode& grandchild : child.children) keep(std::move(grandchild));
    } else {
      keep(std::move(child));
    }
  }
  if (both) {
    const auto set = std::ranges::find(kept, Key::flag_set, &SearchNode::key);
    const auto unset = std::ranges::find(kept, Key::flag_unset, &SearchNode::key);
    if (set != kept.end() && unset != kept.end() && (set->flags & unset->flags) != store::Flags{})
      return made(Key::none);
  }
  if (kept.empty()) return made(neutral);
  if (kept.size() == 1) return std::move(kept.front());
  std::ranges::stable_sort(kept, {}, &SearchNode::key);  // the keys are declared in the order of their cost
  node.children = std::move(kept);
  return node;
}

SearchNode simplify_negation(SearchNode inside) {
  inside = simplify(std::move(inside));
  switch (inside.key) {
    case Key::all:
      return made(Key::none);
    case Key::none:
      return made(Key::all);
    case Key::negation:
      return std::move(inside.children.front());
    case Key::keyword_set:
      inside.key = Key::keyword_unset;
      return inside;
    case Key::keyword_unset:
      inside.key = Key::keyword_set;
      return inside;
    case Key::flag_set:
    case Key::flag_unset:
      if ((inside.flags.bits & (inside.flags.bits - 1)) == 0) {
        inside.key = inside.key == Key::flag_set ? Key::flag_unset : Key::flag_set;
        return inside;
      }
      break;
    default:
      break;
  }
  return negated(std::move(inside));
}

}  // namespace

bool SearchNode::is_decided_by_row() const {
  if (key >= Key::conjunction) return std::ranges::all_of(children, &SearchNode::is_decided_by_row);
  return key < Key::subject;
}

bool SearchNode::uses(Key wanted) const {
  return key == wanted || std::ranges::any_of(children, [wanted](const SearchNode& c) { return c.uses(wanted); });
}

SearchNode parse_search(Arguments& in, const std::string& charset) { return Reader{in, charset}.keys(false); }

SearchNode simplify(SearchNode node) {
  if (node.key == Key::conjunction || node.key == Key::disjunction) return simplify_list(std::move(node));
  if (node.key == Key::negation) return simplify_negation(std::move(node.children.front()));
  // Every string holds the empty one; a field of that name must still be there, so HEADER stays.
  if ((node.key == Key::subject || node.key == Key::body || node.key == Key::text) && node.text.empty())
    return made(Key::all);
  return node;
}

std::string print(const SearchNode& node) {
  std::string out;
  if (node.key == Key::conjunction && !node.children.empty())
    print_list(out, node);
  else
    print_to(out, node);
  return out;
}

}  // namespace pennypost::imap
