// Three passes of one function (RFC 3501 6.4.4). Each node answers yes, no or "not known yet" from what is at hand: the
// row; then the columns of a bulk read and the index of body texts; then the message itself. Only messages that are
// still open go on to the next pass.
#include "server/imap/search_run.h"

#include <algorithm>

#include "server/base/limits.h"
#include "server/base/text.h"
#include "server/message/charset.h"
#include "server/message/date.h"
#include "server/message/encoded_words.h"
#include "server/message/header.h"
#include "server/message/text.h"

namespace pennypost::imap {

namespace {

using store::Columns;
using store::Msn;

enum class Truth : std::uint8_t { no, yes, open };
constexpr Truth truth(bool b) { return b ? Truth::yes : Truth::no; }

/// A node with what has been worked out for this folder.
struct Compiled {
  const SearchNode* node = nullptr;
  NumberSet numbers;           ///< sequence, uid: message numbers
  std::vector<Uid> matching;   ///< body, text: what the index found, ascending
  std::vector<Uid> unindexed;  ///< body, text: what it does not know, ascending
  std::vector<Compiled> children;
};

/// What is known of one message.
struct Known {
  Msn msn = 0;
  const store::FolderRow* row = nullptr;
  bool has_index = false;                   ///< second pass: the index was asked
  const store::Fetched* columns = nullptr;  ///< second pass
  const std::string* body_text = nullptr;   ///< third pass: of the whole message, case-folded
};

/// The Date field of a message out of its envelope, whose first string it is.
std::optional<message::Date> sent_date(std::string_view envelope) {
  Arguments in{envelope};
  in.expect('(');
  const auto date = in.nstring();
  if (in.failed() || !date) return std::nullopt;
  return message::parse_date(*date);
}

/// RFC 3501 6.4.4: the date as written there, disregarding time and zone.
std::optional<Day> sent_day(std::string_view envelope) {
  const auto date = sent_date(envelope);
  if (!date) return std::nullopt;
  return std::chrono::floor<std::chrono::days>(date->at + std::chrono::minutes{date->zone_minutes});
}

bool holds(std::string_view folded, const std::string& needle) { return folded.find(needle) != std::string_view::npos; }

bool header_holds(std::string_view header, const std::string& name, const std::string& needle) {
  for (const message::Field& field : message::Fields{header}) {
    if (!field.is(name)) continue;
    if (needle.empty() || holds(message::fold_case(message::decode_words(field.value)), needle)) return true;
  }
  return false;
}

bool any_header_holds(std::string_view header, const std::string& needle) {
  for (const message::Field& field : message::Fields{header}) {
    std::string line{field.name};
    line += ": ";
    line += message::decode_words(field.value);
    if (holds(message::fold_case(line), needle)) return true;
  }
  return false;
}

class Search {
 public:
  Search(const Selection& selection, store::Messages& messages, Timestamp now)
      : selection_{selection}, view_{selection.now()}, messages_{messages}, now_{now} {}

  Result<std::vector<Msn>> run(const SearchNode& tree);

 private:
  Result<Compiled> compile(const SearchNode& node);
  Result<void> ask_index(Compiled& node);
  Truth test(const Compiled& compiled, const Known& known) const;
  Truth test_text(const Compiled& compiled, const Known& known) const;
  void first_pass(const Compiled& tree);
  Result<void> second_pass(const Compiled& tree);
  Result<void> third_pass(const Compiled& tree);
  static Columns columns_for(const SearchNode& tree);

  const Selection& selection_;
  const store::FolderSnapshot& view_;
  store::Messages& messages_;
  Timestamp now_;
  std::vector<Msn> found_;
  std::vector<Uid> open_;  // ascending
};

Result<Compiled> Search::compile(const SearchNode& node) {
  Compiled out;
  out.node = &node;
  if (node.key == Key::sequence || node.key == Key::uid) {
    auto chosen = choose(view_, node.set, node.key == Key::uid);
    if (!chosen) return chosen.error();
    out.numbers = std::move(chosen->numbers);
  }
  for (const SearchNode& child : node.children) {
    auto compiled = compile(child);
    if (!compiled) return compiled.error();
    out.children.push_back(*std::move(compiled));
  }
  return out;
}

Truth Search::test_text(const Compiled& compiled, const Known& known) const {
  const SearchNode& node = *compiled.node;
  bool header_is_open = false;
  if (node.key == Key::text) {
    if (known.columns == nullptr)
      header_is_open = true;
    else if (any_header_holds(known.columns->header, node.text))
      return Truth::yes;
  }
  if (known.body_text != nullptr) {
    if (holds(*known.body_text, node.text)) return Truth::yes;
    return header_is_open ? Truth::open : Truth::no;
  }
  if (!known.has_index) return Truth::open;
  const Uid uid = known.row->uid;
  if (std::ranges::binary_search(compiled.matching, uid)) return Truth::yes;
  // What is longer than the index keeps may hold the words further down.
  if (std::ranges::binary_search(compiled.unindexed, uid) || known.row->size > kSearchText.most.size())
    return Truth::open;
  return header_is_open ? Truth::open : Truth::no;
}

Truth Search::test(const Compiled& compiled, const Known& known) const {
  const SearchNode& node = *compiled.node;
  const store::FolderRow& row = *known.row;
  const auto day = [&row] { return std::chrono::floor<std::chrono::days>(Timestamp{Seconds{row.internal_date}}); };
  const auto age = [&] { return std::chrono::floor<Seconds>(now_.time_since_epoch()).count() - row.internal_date; };
  const auto has_keyword = [&] {
    return row.keyword_set != 0 && std::ranges::any_of(view_.keywords(row), [&](const std::string& keyword) {
             return same_word(keyword, node.name);
           });
  };
  switch (node.key) {
    case Key::all:
      return Truth::yes;
    case Key::none:
      return Truth::no;
    case Key::flag_set:
      return truth((row.flags & node.flags) == node.flags);
    case Key::flag_unset:
      return truth((row.flags & node.flags) == store::Flags{});
    case Key::recent:
      return truth(selection_.view.is_recent(row.uid));
    case Key::sequence:
    case Key::uid:
      return truth(compiled.numbers.contains(known.msn));
    case Key::larger:
      return truth(row.size > node.number);
    case Key::smaller:
      return truth(row.size < node.number);
    case Key::before:
      return truth(day() < node.day);
    case Key::on:
      return truth(day() == node.day);
    case Key::since:
      return truth(day() >= node.day);
    case Key::older:
      return truth(age() >= static_cast<std::int64_t>(node.number));
    case Key::younger:
      return truth(age() <= static_cast<std::int64_t>(node.number));
    case Key::mod_seq:
      return truth(number(row.mod_seq) >= node.number);
    case Key::keyword_set:
      return truth(has_keyword());
    case Key::keyword_unset:
      return truth(!has_keyword());
    case Key::subject:
      if (known.columns == nullptr) return Truth::open;
      return truth(holds(message::fold_case(known.columns->subject), node.text));
    case Key::sent_before:
    case Key::sent_on:
    case Key::sent_since: {
      if (known.columns == nullptr) return Truth::open;
      const auto sent = sent_day(known.columns->envelope);
      if (!sent) return Truth::no;
      if (node.key == Key::sent_on) return truth(*sent == node.day);
      return truth((*sent < node.day) == (node.key == Key::sent_before));
    }
    case Key::header:
      if (known.columns == nullptr) return Truth::open;
      return truth(header_holds(known.columns->header, node.name, node.text));
    case Key::body:
    case Key::text:
      return test_text(compiled, known);
    case Key::negation: {
      const Truth inside = test(compiled.children.front(), known);
      if (inside == Truth::open) return inside;
      return truth(inside == Truth::no);
    }
    case Key::conjunction:
    case Key::disjunction: {
      const Truth decisive = node.key == Key::conjunction ? Truth::no : Truth::yes;
      bool open = false;
      for (const Compiled& child : compiled.children) {
        const Truth one = test(child, known);
        if (one == decisive) return decisive;
        open |= one == Truth::open;
      }
      return open ? Truth::open : truth(decisive == Truth::no);
    }
  }
  return Truth::no;
}

void Search::first_pass(const Compiled& tree) {
  if (view_.exists() == 0 || tree.node->key == Key::none) return;
  // A set that every result must be in saves looking at the rest.
  const Compiled* within = tree.numbers.empty() ? nullptr : &tree;
  bool nothing = (tree.node->key == Key::sequence || tree.node->key == Key::uid) && tree.numbers.empty();
  if (tree.node->key == Key::conjunction) {
    for (const Compiled& child : tree.children) {
      if (child.node->key != Key::sequence && child.node->key != Key::uid) continue;
      if (child.numbers.empty()) nothing = true;
      if (within == nullptr || child.numbers.count() < within->numbers.count()) within = &child;
    }
  }
  if (nothing) return;
  const auto each = [&](Msn msn, const store::FolderRow& row) {
    Known known;
    known.msn = msn;
    known.row = &row;
    const Truth result = test(tree, known);
    if (result == Truth::yes) found_.push_back(msn);
    if (result == Truth::open) open_.push_back(row.uid);
    return true;
  };
  if (within == nullptr) {
    view_.for_each(1, view_.exists(), each);
    return;
  }
  for (const NumberRange& range : within->numbers.ranges()) view_.for_each(range.first, range.last, each);
}

Result<void> Search::ask_index(Compiled& compiled) {
  if (compiled.node->key == Key::body || compiled.node->key == Key::text) {
    auto found = messages_.search_text(selection_.view.folder(), compiled.node->text);
    if (!found) return found.error();
    compiled.matching = std::move(found->matching);
    compiled.unindexed = std::move(found->unindexed);
  }
  for (Compiled& child : compiled.children)
    if (const auto asked = ask_index(child); !asked) return asked;
  return {};
}

Columns Search::columns_for(const SearchNode& tree) {
  Columns columns = Columns::none;
  if (tree.uses(Key::subject)) columns = columns | Columns::summary;
  if (tree.uses(Key::sent_before) || tree.uses(Key::sent_on) || tree.uses(Key::sent_since))
    columns = columns | Columns::envelope;
  if (tree.uses(Key::header) || tree.uses(Key::text)) columns = columns | Columns::header;
  return columns;
}

Result<void> Search::second_pass(const Compiled& tree) {
  const std::vector<Uid> uids = std::exchange(open_, {});
  const auto decide = [&](Uid uid, const store::Fetched* columns) {
    const auto msn = view_.msn(uid);
    if (!msn) return;
    Known known;
    known.msn = *msn;
    known.row = &view_.row(*msn);
    known.has_index = true;
    known.columns = columns;
    const Truth result = test(tree, known);
    if (result == Truth::yes) found_.push_back(*msn);
    if (result == Truth::open) open_.push_back(uid);
  };
  const Columns columns = columns_for(*tree.node);
  if (columns == Columns::none) {
    for (const Uid uid : uids) decide(uid, nullptr);
    return {};
  }
  return messages_.fetch(selection_.view.folder(), uids, columns, [&](const store::Fetched& fetched) {
    decide(fetched.uid, &fetched);
    return true;
  });
}

Result<void> Search::third_pass(const Compiled& tree) {
  // Columns again, for the keys that need them beside the text; then the message, one at a time.
  const std::vector<Uid> uids = std::exchange(open_, {});
  const Columns columns = columns_for(*tree.node) | Columns::prefix;
  Result<void> failure;
  const auto each = [&](const store::Fetched& fetched) {
    const auto msn = view_.msn(fetched.uid);
    if (!msn) return true;
    const Octets most = kSearchMessage.most;
    std::string raw;
    failure = messages_.read_body(fetched.body, Octets{0}, most, [&raw](std::string_view piece) {
      raw += piece;
      return true;
    });
    if (!failure) return failure.error().kind == Kind::not_found;
    const message::Message parsed = message::parse(raw);
    const std::string text = message::search_text(parsed, message::SearchText::body, most.size());
    Known known;
    known.msn = *msn;
    known.row = &view_.row(*msn);
    known.has_index = true;
    known.columns = &fetched;
    known.body_text = &text;
    if (test(tree, known) == Truth::yes) found_.push_back(*msn);
    return true;
  };
  const auto fetched = messages_.fetch(selection_.view.folder(), uids, columns, each);
  if (!fetched) return fetched;
  if (!failure && failure.error().kind != Kind::not_found) return failure;
  return {};
}

Result<std::vector<Msn>> Search::run(const SearchNode& tree) {
  auto compiled = compile(tree);
  if (!compiled) return compiled.error();
  first_pass(*compiled);
  if (!open_.empty()) {
    if (tree.uses(Key::body) || tree.uses(Key::text))
      if (const auto asked = ask_index(*compiled); !asked) return asked.error();
    if (const auto done = second_pass(*compiled); !done) return done.error();
    if (!open_.empty())
      if (const auto done = third_pass(*compiled); !done) return done.error();
    std::ranges::sort(found_);
  }
  return std::move(found_);
}

}  // namespace

Result<std::vector<Msn>> find_messages(const Selection& selection, const SearchNode& tree, store::Messages& messages,
                                       Timestamp now) {
  return Search{selection, messages, now}.run(tree);
}

}  // namespace pennypost::imap
