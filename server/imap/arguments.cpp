// Readers of command arguments (RFC 3501 section 9; RFC 7888 for "{n+}"). Needs nothing but the text. A text that does
// not fit gives one error with its place; no reader goes past the text, whatever a literal announces.
#include "server/imap/arguments.h"

#include <algorithm>

#include "server/base/limits.h"
#include "server/base/text.h"
#include "server/imap/atoms.h"
#include "server/imap/mailbox_name.h"

namespace pennypost::imap {

void Arguments::fail(std::string reason) {
  if (failed_) return;
  failed_ = true;
  reason_ = std::move(reason);
  failed_at_ = at_;
}

Result<void> Arguments::end() {
  // Blanks at the end of a line are no arguments; several mail programs send them.
  if (!failed_) {
    const std::size_t last = text_.find_first_not_of(' ', at_);
    if (last != std::string_view::npos) fail(at_ == 0 ? "this command takes no arguments" : "too many arguments");
  }
  if (!failed_) return {};
  return error(Kind::bad_input, reason_ + " at octet " + std::to_string(before_ + failed_at_ + 1));
}

bool Arguments::take(char c) {
  if (!next_is(c)) return false;
  ++at_;
  return true;
}

void Arguments::expect(char c) {
  if (failed_) return;
  if (take(c)) return;
  if (at_ >= text_.size()) return fail("missing argument");
  fail(c == ' ' ? std::string{"expected a space"} : std::string{"expected \""} + c + '"');
}

bool Arguments::take_word(std::string_view word) {
  if (failed_ || !starts_with_word(text_.substr(at_), word)) return false;
  const std::size_t behind = at_ + word.size();
  if (behind < text_.size() && is_imap_atom_char(text_[behind]) && text_[behind] != '[') return false;
  at_ = behind;
  return true;
}

std::string_view Arguments::run(bool (*wanted)(char)) {
  if (failed_) return {};
  const std::size_t begin = at_;
  while (at_ < text_.size() && wanted(text_[at_])) ++at_;
  return text_.substr(begin, at_ - begin);
}

std::string_view Arguments::atom() {
  const std::string_view found = run(is_imap_atom_char);
  if (found.empty()) fail(at_ >= text_.size() ? "missing argument" : "expected a word");
  return found;
}

std::string Arguments::word() { return to_upper(atom()); }

std::string Arguments::quoted() {
  std::string out;
  expect('"');
  while (!failed_) {
    if (at_ >= text_.size()) {
      fail("the quoted string is not closed");
      break;
    }
    char c = text_[at_];
    if (c == '"') {
      ++at_;
      return out;
    }
    if (c == '\r' || c == '\n' || c == '\0') {
      fail("a line end or NUL in a quoted string");
      break;
    }
    if (c == '\\') {
      ++at_;
      c = at_ < text_.size() ? text_[at_] : '\0';
      if (c != '"' && c != '\\') {
        fail("only \\\" and \\\\ may be written with a backslash");
        break;
      }
    }
    out += c;
    ++at_;
  }
  return {};
}

std::string_view Arguments::literal() {
  expect('{');
  if (failed_) return {};
  const std::uint64_t size = number_up_to(INT64_MAX, true);
  take('+');
  expect('}');
  if (failed_) return {};
  if (text_.substr(at_, 2) == "\r\n")
    at_ += 2;
  else if (text_.substr(at_, 1) == "\n")
    at_ += 1;
  else
    fail("a literal must begin on a new line");
  if (failed_) return {};
  const auto spooled = std::ranges::find(spooled_, at_, &SpooledLiteral::place);
  if (spooled != spooled_.end()) return spooled->octets;
  if (size > text_.size() - at_) {
    fail("the literal is shorter than it says");
    return {};
  }
  const std::string_view octets = text_.substr(at_, static_cast<std::size_t>(size));
  at_ += octets.size();
  return octets;
}

std::string Arguments::string() {
  if (next_is('"')) return quoted();
  if (next_is('{')) {
    const std::size_t begin = at_;
    const std::string_view octets = literal();
    if (!failed_ && octets.find('\0') != std::string_view::npos) {
      at_ = begin;
      fail("a NUL in a string");
      return {};
    }
    return std::string{octets};
  }
  fail(at_end() ? "missing argument" : "expected a string");
  return {};
}

std::string Arguments::astring() {
  if (next_is('"') || next_is('{')) return string();
  // 8-bit octets are no part of an atom, but old clients send names so; they are told from a syntax error by the store.
  const std::string_view found =
      run([](char c) { return is_astring_char(c) || (static_cast<unsigned char>(c) & 0x80); });
  if (found.empty()) fail(at_end() ? "missing argument" : "expected a word or a string");
  return std::string{found};
}

std::optional<std::string> Arguments::nstring() {
  if (take_word("NIL")) return std::nullopt;
  return string();
}

std::uint64_t Arguments::number_up_to(std::uint64_t most, bool zero) {
  if (failed_) return 0;
  const std::size_t begin = at_;
  const std::string_view digits = run(is_digit);
  std::uint64_t n = 0;
  for (const char c : digits) {
    const auto digit = static_cast<std::uint64_t>(c - '0');
    if (n > (most - digit) / 10) {
      at_ = begin;
      fail("the number is too large");
      return 0;
    }
    n = n * 10 + digit;
  }
  if (digits.empty()) {
    fail(at_ >= text_.size() ? "missing argument" : "expected a number");
  } else if (n == 0 && !zero) {
    at_ = begin;
    fail("expected a number above 0");
  }
  return n;
}

std::uint32_t Arguments::number() { return static_cast<std::uint32_t>(number_up_to(UINT32_MAX, true)); }
std::uint32_t Arguments::nz_number() { return static_cast<std::uint32_t>(number_up_to(UINT32_MAX, false)); }
std::uint64_t Arguments::number64() { return number_up_to(INT64_MAX, true); }

SequenceSet Arguments::sequence_set() {
  const std::size_t begin = at_;
  const std::string_view text = run([](char c) { return is_digit(c) || c == '*' || c == ':' || c == ','; });
  if (auto set = failed_ ? std::nullopt : SequenceSet::parse(text)) return *std::move(set);
  at_ = begin;
  fail(at_ >= text_.size() ? "missing argument" : "expected a message set such as 1:5,9");
  return SequenceSet::of({});
}

void Arguments::flag(FlagList& into) {
  const std::size_t begin = at_;
  if (take('\\')) {
    atom();
    if (failed_) return;
    const std::string_view name = since(begin);
    if (const store::Flags known = system_flag(name); known != store::Flags{}) {
      into.system = into.system | known;
    } else if (same_word(name, "\\Recent")) {
      into.recent = true;
    } else {
      at_ = begin;
      fail("unknown system flag");
    }
    return;
  }
  const std::string_view keyword = atom();
  if (keyword.size() > kImapKeyword.most.size()) {
    at_ = begin;
    fail("the keyword is too long");
  }
  if (into.keywords.size() >= std::size_t{kImapKeywords.most}) fail("too many keywords");
  if (!failed_) into.add_keyword(keyword);
}

FlagList Arguments::flag_list() {
  FlagList flags;
  expect('(');
  while (!failed_ && !take(')')) {
    flag(flags);
    if (!next_is(')')) space();
  }
  return flags;
}

Day Arguments::date() {
  const std::size_t begin = at_;
  const std::string text = next_is('"') ? quoted() : std::string{atom()};
  if (failed_) return {};
  if (const auto day = parse_day(text)) return *day;
  at_ = begin;
  fail("expected a date such as 1-Feb-1994");
  return {};
}

Timestamp Arguments::date_time() {
  const std::size_t begin = at_;
  const std::string text = quoted();
  if (failed_) return {};
  if (const auto when = parse_date_time(text)) return *when;
  at_ = begin;
  fail("expected a date and time such as \"17-Jul-1996 02:44:25 -0700\"");
  return {};
}

std::string Arguments::mailbox() {
  const std::size_t begin = at_;
  std::string name = astring();
  if (failed_) return {};
  if (auto canonical = canonical_name(name)) return *std::move(canonical);
  at_ = begin;
  fail("this cannot be the name of a mailbox");
  return {};
}

std::string Arguments::list_mailbox() {
  const std::size_t begin = at_;
  std::string pattern;
  if (next_is('"') || next_is('{')) {
    pattern = string();
  } else {
    pattern = run(
        [](char c) { return is_astring_char(c) || c == '%' || c == '*' || (static_cast<unsigned char>(c) & 0x80); });
    if (pattern.empty()) fail(at_end() ? "missing argument" : "expected a pattern of mailbox names");
  }
  if (!failed_ && pattern.size() > kImapMailboxName.most.size()) {
    at_ = begin;
    fail("the pattern is too long");
  }
  return pattern;
}

}  // namespace pennypost::imap
