// The arguments of one command, taken one by one (RFC 3501 section 9). No I/O.
#pragma once
#include <concepts>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "server/base/result.h"
#include "server/base/units.h"
#include "server/imap/dates.h"
#include "server/imap/flags.h"
#include "server/imap/sequence_set.h"

namespace pennypost::imap {

/// A literal whose octets do not stand in the command's text because they are large.
struct SpooledLiteral {
  std::size_t place = 0;    ///< where its octets would stand: right behind the "}" CR LF
  std::string_view octets;  ///< valid as long as the command
};

/// A cursor over the text of a command: everything behind the command's name, literals inside as they came ("{3}" CR LF
/// "abc"), the last line's end left out.
///
/// The readers return plain values. The first reader that does not find what it wants notes why and where; from then on
/// every reader returns an empty value, so a command's parse() reads from top to bottom and looks at the end only:
/// `return in.end();`. What no reader took is an error too.
class Arguments {
 public:
  /// `text` must outlive this. `before`: octets of the line in front of it, for the places in errors. `uid_form`: the
  /// command was written as "UID name".
  explicit Arguments(std::string_view text, std::span<const SpooledLiteral> spooled = {}, std::size_t before = 0,
                     bool uid_form = false)
      : text_{text}, spooled_{spooled}, before_{before}, uid_form_{uid_form} {}
  template <std::same_as<std::string> Temporary>
  explicit Arguments(Temporary&& text) = delete;  // it would be gone before it is read

  bool uid_form() const { return uid_form_; }
  bool failed() const { return failed_; }
  /// Notes a failure at the cursor unless there is one already.
  void fail(std::string reason);
  /// Good when everything was taken and nothing failed. Error: bad_input, "expected ... at octet 17".
  Result<void> end();

  // What stands next.
  bool at_end() const { return failed_ || at_ >= text_.size(); }
  char next() const { return at_end() ? '\0' : text_[at_]; }
  bool next_is(char c) const { return !at_end() && text_[at_] == c; }
  /// True, and taken, when it is `c`.
  bool take(char c);
  /// True, and taken, when the word `word` (any case) stands here and ends here.
  bool take_word(std::string_view word);
  void expect(char c);
  void space() { expect(' '); }

  // Readers.
  std::string_view atom();
  /// An atom in upper case: a name of a command, item or key.
  std::string word();
  /// RFC 3501 "astring", unquoted.
  std::string astring();
  /// "string": quoted or literal, not an atom.
  std::string string();
  /// "nstring": none for NIL.
  std::optional<std::string> nstring();
  /// The octets of a literal, spooled or not, without copying. "~{n}" is refused here.
  std::string_view literal();
  bool next_is_literal() const { return next_is('{'); }
  std::uint32_t number();
  std::uint32_t nz_number();
  std::uint64_t number64();  ///< up to 2^63-1
  SequenceSet sequence_set();
  /// A keyword or "\Flag".
  void flag(FlagList& into);
  /// "(" [flag *(SP flag)] ")".
  FlagList flag_list();
  Day date();             ///< "1-Feb-1994", quoted or not
  Timestamp date_time();  ///< with its quotes
  /// "mailbox": an astring; INBOX in any case becomes "INBOX". Errors: a name that cannot be one (too long, controls).
  std::string mailbox();
  /// "list-mailbox": a pattern with % and *.
  std::string list_mailbox();

  /// Where the cursor stands, and the text from a place up to the cursor.
  std::size_t place() const { return at_; }
  std::string_view since(std::size_t place) const { return text_.substr(place, at_ - place); }

 private:
  std::string quoted();
  std::string_view run(bool (*wanted)(char));
  std::uint64_t number_up_to(std::uint64_t most, bool zero);

  std::string_view text_;
  std::span<const SpooledLiteral> spooled_;
  std::size_t before_;
  std::size_t at_ = 0;
  bool uid_form_;
  bool failed_ = false;
  std::string reason_;
  std::size_t failed_at_ = 0;
};

}  // namespace pennypost::imap
