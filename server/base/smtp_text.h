// A reply of SMTP as one value for wire, log and metric (STYLE 3.9; RFC 5321 4.2, RFC 2034, RFC 3463): the protocol
// sends it, the stages of a message's way answer with it, the senders read it from others.
#pragma once
#include <string>
#include <string_view>

namespace pennypost {

/// How sure the wording of a text is (spec 40 section 4).
enum class Mark {
  exact,     ///< stands like this in a source: never change
  case_of,   ///< wording known, upper or lower case not certain
  proposal,  ///< ours
};

/// RFC 3463 status code. Class 0 is none: greetings, 3xx, EHLO and HELP carry no enhanced code (RFC 2034 section 4).
struct Enhanced {
  int klass = 0;
  int subject = 0;
  int detail = 0;
  constexpr bool none() const { return klass == 0; }
  constexpr bool operator==(const Enhanced&) const = default;
};

/// A fixed text.
struct SmtpText {
  int code = 0;
  Enhanced enhanced;
  std::string_view text;
  Mark mark = Mark::proposal;
};

/// Builds a fixed text at compile time; a throw stops the compiler.
consteval SmtpText smtp_text(int code, Enhanced e, std::string_view text, Mark mark = Mark::proposal) {
  if (code < 200 || code > 599) throw "not an SMTP reply code";
  if (!e.none() && code / 100 != e.klass) throw "the code and the enhanced code disagree";
  if (e.none() && code >= 400) throw "every refusal carries an enhanced code";
  for (const char c : text)
    if (c < 0x20 || c > 0x7e) throw "a reply is one line of printable US-ASCII";
  return {code, e, text, mark};
}

/// A reply whose text is known only at run time: a fixed text, or one with something before or behind it.
struct SmtpReply {
  int code = 0;
  Enhanced enhanced;
  std::string text;

  SmtpReply() = default;
  SmtpReply(const SmtpText& t) : code{t.code}, enhanced{t.enhanced}, text{t.text} {}  // NOLINT: a text is a reply
  SmtpReply(int c, Enhanced e, std::string t) : code{c}, enhanced{e}, text{std::move(t)} {}

  /// The fixed text with more behind it ("Unrecognised recipient" " <a@b>").
  static SmtpReply with(const SmtpText& t, std::string_view behind) {
    return {t.code, t.enhanced, std::string{t.text} + " " + std::string{behind}};
  }
  bool is_permanent() const { return code >= 500; }
  bool is_temporary() const { return code >= 400 && code < 500; }
  bool is_positive() const { return code < 400; }

  /// "550 5.1.1 Unrecognised recipient", without CR LF. Control characters and octets over 126 of a text made at run
  /// time become "?", so that nobody can put a second line into a reply.
  std::string line() const {
    std::string out = std::to_string(code) + " ";
    if (!enhanced.none())
      out += std::to_string(enhanced.klass) + "." + std::to_string(enhanced.subject) + "." +
             std::to_string(enhanced.detail) + " ";
    for (const char c : text) out += c >= 0x20 && c < 0x7f ? c : '?';
    return out;
  }
};

}  // namespace pennypost
