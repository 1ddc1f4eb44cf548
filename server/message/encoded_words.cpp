// Encoded words of header fields, read tolerantly and written strictly (RFC 2047, the language tag of RFC 2231 section
// 5). Linear in the value; at most kHeaderValue octets of it are looked at. What is no encoded word stays text.
#include "server/message/encoded_words.h"

#include <algorithm>
#include <optional>

#include "server/base/limits.h"
#include "server/message/charset.h"
#include "server/message/header.h"
#include "server/message/transfer.h"

namespace pennypost::message {
namespace {

constexpr std::size_t kCharsetName = 100;       // with a language tag; longer ones are no encoded words
constexpr std::size_t kWordRoom = 75 - 12;      // of an encoded word without "=?utf-8?B?" and "?="
constexpr std::size_t kLine = 76;               // RFC 2047 2: lines with encoded words
constexpr std::size_t kLongestPlainWord = 900;  // what cannot be folded must stay below 998 octets

struct Word {
  std::string_view charset;
  bool base64 = false;
  std::string_view text;
  std::size_t end = 0;  ///< behind the word
};

/// The encoded word that begins at `at` ("=?"). When there is none, `resume` is where another one may begin.
std::optional<Word> word_at(std::string_view line, std::size_t at, std::size_t& resume) {
  resume = at + 2;
  Word word;
  std::size_t i = at + 2;
  while (i < line.size() && i - at < kCharsetName && line[i] != '?' && line[i] != ' ' && line[i] != '=') ++i;
  if (i == at + 2 || i + 2 >= line.size() || line[i] != '?' || line[i + 2] != '?') return std::nullopt;
  word.charset = line.substr(at + 2, i - at - 2);
  const char encoding = line[i + 1];
  if (encoding != 'B' && encoding != 'b' && encoding != 'Q' && encoding != 'q') return std::nullopt;
  word.base64 = encoding == 'B' || encoding == 'b';
  const std::size_t text = i + 3;
  for (i = text; i + 1 < line.size(); ++i) {
    if (line[i] == '?' && line[i + 1] == '=') {
      word.text = line.substr(text, i - text);
      word.end = i + 2;
      return word;
    }
    if (line[i] == ' ' && line.substr(i + 1).starts_with("=?")) {  // the end is missing, the next word begins
      resume = i + 1;
      return std::nullopt;
    }
  }
  resume = line.size();
  return std::nullopt;
}

bool is_blank(std::string_view text) { return text.find_first_not_of(" \t") == std::string_view::npos; }

std::string without_controls(std::string text) {
  for (char& c : text) {
    if ((static_cast<unsigned char>(c) < 32 && c != '\t') || c == 127) c = ' ';
  }
  return text;
}

/// Octets that Q may leave as they are even inside a phrase (RFC 2047 section 5 (3)).
constexpr bool is_q_plain(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '!' || c == '*' ||
         c == '+' || c == '-' || c == '/';
}

std::string q_encoded(std::string_view text) {
  static constexpr char kHex[] = "0123456789ABCDEF";
  std::string out;
  for (const char c : text) {
    if (is_q_plain(c)) {
      out += c;
    } else if (c == ' ') {
      out += '_';
    } else {
      out += '=';
      out += kHex[static_cast<unsigned char>(c) >> 4];
      out += kHex[static_cast<unsigned char>(c) & 15];
    }
  }
  return out;
}

/// Appends `text` as encoded words, folding between them; `column` is kept.
void append_words(std::string& out, std::size_t& column, std::string_view text) {
  const auto expensive =
      static_cast<std::size_t>(std::ranges::count_if(text, [](char c) { return !is_q_plain(c) && c != ' '; }));
  const bool base64 = expensive * 2 > text.size();  // words of mostly ASCII stay legible
  for (bool first = true; !text.empty(); first = false) {
    if (!first) {
      out += "\r\n ";
      column = 1;
    }
    const std::size_t room = std::min(kWordRoom, column + 12 + 16 < kLine ? kLine - column - 12 : 16);
    std::size_t take = 0;
    for (std::size_t next = 0, used = 0; take < text.size(); take = next) {
      const std::size_t character = std::max<std::size_t>(1, cut_utf8(text.substr(take), 4).size());
      // One character at most: cut_utf8 gives up to four octets, which may be several.
      std::size_t one = 1;
      while (one < character && (static_cast<unsigned char>(text[take + one]) & 0xC0) == 0x80) ++one;
      next = take + one;
      used = base64 ? (next + 2) / 3 * 4 : used + q_encoded(text.substr(take, one)).size();
      if (used > room && take > 0) break;
    }
    const std::string_view piece = text.substr(0, take);
    const std::string word =
        base64 ? "=?utf-8?B?" + encode_base64_line(piece) + "?=" : "=?utf-8?Q?" + q_encoded(piece) + "?=";
    out += word;
    column += word.size();
    text.remove_prefix(take);
  }
}

bool is_plain_word(std::string_view word) {
  return is_ascii(word) && word.find("=?") == std::string_view::npos && word.size() <= kLongestPlainWord;
}

}  // namespace

std::string decode_words(std::string_view value, std::string_view raw_charset) {
  const std::string line = unfold(value.substr(0, kHeaderValue.most.size()));
  std::string out;
  std::string pending;  // decoded octets that wait for the rest of a character
  std::string_view charset;
  const auto flush = [&] {
    if (!pending.empty()) out += to_utf8(pending, charset);
    pending.clear();
  };
  const auto raw_text = [&](std::string_view text) {
    return is_utf8(text) ? std::string{text} : to_utf8(text, raw_charset);
  };
  std::size_t raw = 0;  // where the text behind the last encoded word begins
  bool after_word = false;
  for (std::size_t at = line.find("=?"); at != std::string::npos;) {
    std::size_t resume = 0;
    const auto word = word_at(line, at, resume);
    if (word) {
      const std::string_view between = std::string_view{line}.substr(raw, at - raw);
      if (!after_word || !is_blank(between)) {
        flush();
        out += raw_text(between);
      }
      if (!same_word(charset, word->charset)) flush();
      charset = word->charset;
      pending += word->base64 ? decode_base64(word->text) : decode_q(word->text);
      after_word = true;
      raw = resume = word->end;
    }
    at = line.find("=?", resume);
  }
  flush();
  out += raw_text(std::string_view{line}.substr(raw));
  return without_controls(std::move(out));
}

std::string encode_text(std::string_view utf8, std::size_t used) {
  const std::string clean = without_controls(to_utf8(utf8));
  const std::string_view text = clean;
  std::string out;
  std::size_t column = used;
  for (std::size_t i = 0; i < text.size();) {
    const std::size_t begin = std::min(text.find_first_not_of(' ', i), text.size());
    std::size_t end = std::min(text.find(' ', begin), text.size());
    const std::string_view gap = text.substr(i, begin - i);
    const bool plain = is_plain_word(text.substr(begin, end - begin));
    while (!plain && end < text.size()) {  // words in a row that need it are encoded together, spaces too
      const std::size_t next = std::min(text.find_first_not_of(' ', end), text.size());
      const std::size_t next_end = std::min(text.find(' ', next), text.size());
      if (next == text.size() || is_plain_word(text.substr(next, next_end - next))) break;
      end = next_end;
    }
    const std::string_view words = text.substr(begin, end - begin);
    const std::size_t least = plain ? words.size() : 40;
    if (gap.size() == 1 && !out.empty() && !words.empty() && column + gap.size() + least > kLine) {
      out += "\r\n";
      column = 0;
    }
    out += gap;
    column += gap.size();
    if (plain) {
      out += words;
      column += words.size();
    } else {
      append_words(out, column, words);
    }
    i = end;
  }
  return out;
}

std::string encode_phrase(std::string_view utf8) {
  const std::string clean = without_controls(to_utf8(utf8));
  const auto is_atom = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           std::string_view{"!#$%&'*+-/=?^_`{|}~"}.find(c) != std::string_view::npos;
  };
  const bool bare = !clean.empty() && clean.front() != ' ' && clean.back() != ' ' &&
                    clean.find("  ") == std::string::npos && clean.find("=?") == std::string::npos &&
                    std::ranges::all_of(clean, [&](char c) { return c == ' ' || is_atom(c); });
  if (bare) return clean;
  std::string out;
  if (is_ascii(clean) && clean.find("=?") == std::string::npos) {
    out += '"';
    for (const char c : clean) {
      if (c == '"' || c == '\\') out += '\\';
      out += c;
    }
    return out += '"';
  }
  std::size_t column = 8;  // about what a field's name takes
  append_words(out, column, clean);
  return out;
}

}  // namespace pennypost::message
