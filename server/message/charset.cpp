// Charsets through ICU's converters, and case folding through its maps.
// Needs ICU's built-in data. An unknown name, or octets that are not of the charset, never fail: see to_utf8.
#include "server/message/charset.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstring>
#include <utility>

#include <unicode/ucasemap.h>
#include <unicode/ucnv.h>
#include <unicode/ucnv_err.h>
#include <unicode/utf8.h>

#include "server/message/header.h"

namespace pennypost::message {
namespace {

constexpr std::string_view kReplacement = "\xEF\xBF\xBD";
constexpr std::size_t kLongestName = 60;  // of a charset; the longest that ICU knows have 40

/// Names that mean something else in mail than in ICU's tables, mostly supersets that senders really use.
constexpr auto kAliases = std::to_array<std::pair<std::string_view, std::string_view>>({
    {"big5", "big5-hkscs"},
    {"cp932", "windows-31j"},
    {"euc-kr", "windows-949"},
    {"gb2312", "gb18030"},
    {"gbk", "gb18030"},
    {"iso-8859-1", "windows-1252"},
    {"iso-8859-8-e", "iso-8859-8"},
    {"iso-8859-8-i", "iso-8859-8"},
    {"iso-8859-9", "windows-1254"},
    {"iso8859-1", "windows-1252"},
    {"ks_c_5601-1987", "windows-949"},
    {"latin1", "windows-1252"},
    {"shift-jis", "windows-31j"},
    {"shift_jis", "windows-31j"},
    {"sjis", "windows-31j"},
    {"tis-620", "windows-874"},
    {"x-gbk", "gb18030"},
    {"x-mac-roman", "macintosh"},
    {"x-sjis", "windows-31j"},
});
static_assert(std::ranges::is_sorted(kAliases));

/// What a charset name of a mail means to us.
struct Charset {
  enum { unknown, utf8, ascii, windows1252, icu } kind = unknown;
  std::string name;  ///< for ICU
};

Charset charset_named(std::string_view written) {
  const std::size_t begin = written.find_first_not_of(" \t\r\n\"'");
  if (begin == std::string_view::npos) return {};
  written.remove_prefix(begin);
  written = written.substr(0, written.find_first_of(" \t\r\n\"'*;"));
  if (written.empty() || written.size() > kLongestName) return {};
  std::string name;
  for (const char c : written) {
    const bool usual =
        (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_' || c == '.' || c == ':' || c == '+';
    if (c >= 'A' && c <= 'Z') {
      name += static_cast<char>(c + 32);
    } else if (usual) {
      name += c;
    } else {
      return {};  // a comma would be an option for ICU, a slash a file
    }
  }
  if (name == "utf-8" || name == "utf8" || name == "utf_8" || name == "unicode-1-1-utf-8" || name == "utf-8n")
    return {Charset::utf8, {}};
  if (name == "us-ascii" || name == "ascii" || name == "ansi_x3.4-1968" || name == "iso646-us" || name == "646")
    return {Charset::ascii, {}};
  const auto alias =
      std::ranges::lower_bound(kAliases, name, {}, &std::pair<std::string_view, std::string_view>::first);
  if (alias != kAliases.end() && alias->first == name) name = alias->second;
  if (name == "windows-1252" || name == "cp1252" || name == "cp-1252") return {Charset::windows1252, {}};
  UErrorCode status = U_ZERO_ERROR;
  const auto known = [&](const std::string& candidate) {
    status = U_ZERO_ERROR;
    return ucnv_countAliases(candidate.c_str(), &status) > 0 && U_SUCCESS(status);
  };
  if (known(name)) return {Charset::icu, name};
  if (name.starts_with("x-") && known(name.substr(2))) return {Charset::icu, name.substr(2)};
  if (name.starts_with("cp-") && known("cp" + name.substr(3))) return {Charset::icu, "cp" + name.substr(3)};
  if (name.starts_with("win-") && known("windows-" + name.substr(4)))
    return {Charset::icu, "windows-" + name.substr(4)};
  return {};
}

/// ICU's callback for octets that do not fit: U+FFFD, but nothing for an empty run of ISO 2022, which is no mistake: an
/// encoded word ends in ASCII and the next one leaves it at once.
void on_misfit(const void* context, UConverterToUnicodeArgs* args, const char* octets, std::int32_t length,
               UConverterCallbackReason reason, UErrorCode* status) {
  if (reason == UCNV_IRREGULAR) {
    *status = U_ZERO_ERROR;
  } else {
    UCNV_TO_U_CALLBACK_SUBSTITUTE(context, args, octets, length, reason, status);
  }
}

/// An ICU converter with an owner.
class Converter {
 public:
  Converter() = default;
  explicit Converter(const char* name) {
    UErrorCode status = U_ZERO_ERROR;
    held_ = ucnv_open(name, &status);
    if (U_SUCCESS(status)) ucnv_setToUCallBack(held_, on_misfit, nullptr, nullptr, nullptr, &status);
    if (U_FAILURE(status)) {
      ucnv_close(held_);
      held_ = nullptr;
    }
  }
  Converter(Converter&& other) noexcept : held_{std::exchange(other.held_, nullptr)} {}
  Converter& operator=(Converter&& other) noexcept {
    std::swap(held_, other.held_);
    return *this;
  }
  ~Converter() { ucnv_close(held_); }
  UConverter* get() const { return held_; }

 private:
  UConverter* held_ = nullptr;
};

/// The converters that a thread used last: opening one costs more than converting a subject.
UConverter* converter(const std::string& name) {
  struct Slot {
    std::string name;
    Converter converter;
  };
  thread_local std::array<Slot, 4> slots;
  thread_local std::size_t oldest = 0;
  for (Slot& slot : slots) {
    if (slot.name == name && slot.converter.get()) {
      ucnv_reset(slot.converter.get());
      return slot.converter.get();
    }
  }
  Slot& slot = slots[oldest++ % slots.size()];
  slot.converter = Converter{name.c_str()};
  slot.name = name;
  return slot.converter.get();
}

std::string convert(std::string_view octets, const std::string& name) {
  UConverter* from = converter(name);
  if (!from) return to_utf8(octets);
  std::string out;
  out.reserve(octets.size() + octets.size() / 2);
  std::array<UChar, 4096> piece;
  const char* source = octets.data();
  const char* const end = source + octets.size();
  UErrorCode status = U_BUFFER_OVERFLOW_ERROR;
  UChar lead = 0;  // half a character at the end of a piece
  const auto put = [&out](UChar32 c) {
    char bytes[U8_MAX_LENGTH];
    int length = 0;
    U8_APPEND_UNSAFE(bytes, length, c);
    out.append(bytes, static_cast<std::size_t>(length));
  };
  while (status == U_BUFFER_OVERFLOW_ERROR) {
    status = U_ZERO_ERROR;
    UChar* target = piece.data();
    ucnv_toUnicode(from, &target, piece.data() + piece.size(), &source, end, nullptr, true, &status);
    for (const UChar* c = piece.data(); c < target; ++c) {
      if (lead != 0) {
        const bool pair = U16_IS_TRAIL(*c);
        put(pair ? U16_GET_SUPPLEMENTARY(lead, *c) : 0xFFFD);
        lead = 0;
        if (pair) continue;
      }
      if (U16_IS_LEAD(*c)) {
        lead = *c;
      } else {
        put(U16_IS_SURROGATE(*c) ? 0xFFFD : *c);
      }
    }
  }
  if (lead != 0) put(0xFFFD);
  return out;
}

/// The number of octets at the start of `text` that are ASCII.
std::size_t ascii_length(std::string_view text) {
  std::size_t i = 0;
  for (std::uint64_t eight; i + 8 <= text.size(); i += 8) {
    std::memcpy(&eight, text.data() + i, 8);
    if (eight & 0x8080808080808080U) break;
  }
  while (i < text.size() && static_cast<unsigned char>(text[i]) < 0x80) ++i;
  return i;
}

/// Windows-1252's place of 0x80 to 0x9F; its five holes are the control characters, as everybody reads them.
constexpr std::array<std::uint16_t, 32> kWindows1252 = {0x20AC, 0x81,   0x201A, 0x192,  0x201E, 0x2026, 0x2020, 0x2021,
                                                        0x2C6,  0x2030, 0x160,  0x2039, 0x152,  0x8D,   0x17D,  0x8F,
                                                        0x90,   0x2018, 0x2019, 0x201C, 0x201D, 0x2022, 0x2013, 0x2014,
                                                        0x2DC,  0x2122, 0x161,  0x203A, 0x153,  0x9D,   0x17E,  0x178};

std::string from_windows1252(std::string_view octets) {
  std::string out;
  out.reserve(octets.size() + octets.size() / 8);
  for (std::size_t i = 0; i < octets.size(); ++i) {
    const std::size_t ascii = ascii_length(octets.substr(i));
    out.append(octets, i, ascii);
    i += ascii;
    if (i == octets.size()) break;
    const auto octet = static_cast<unsigned char>(octets[i]);
    const std::uint16_t code = octet < 0xA0 ? kWindows1252[octet - 0x80U] : octet;
    if (code >= 0x800) {
      out += static_cast<char>(0xE0 | code >> 12);
      out += static_cast<char>(0x80 | (code >> 6 & 63));
    } else {
      out += static_cast<char>(0xC0 | code >> 6);
    }
    out += static_cast<char>(0x80 | (code & 63));
  }
  return out;
}

/// The octets of the well-formed character at the start of `text` (which is not ASCII); 0 when it is malformed.
std::size_t character_length(std::string_view text) {
  std::int32_t length = 0;
  UChar32 c = 0;
  const auto size = static_cast<std::int32_t>(std::min<std::size_t>(text.size(), 4));
  U8_NEXT(text.data(), length, size, c);
  return c < 0 ? 0 : static_cast<std::size_t>(length);
}

/// Walks over `text`; gives well-formed runs to `good` and single malformed octets to `bad`. Stops when `bad` says
/// false.
template <typename Good, typename Bad>
void walk_utf8(std::string_view text, Good good, Bad bad) {
  std::size_t begin = 0;
  for (std::size_t i = 0; i < text.size();) {
    i += ascii_length(text.substr(i));
    if (i == text.size()) break;
    const std::size_t length = character_length(text.substr(i));
    if (length == 0) {
      if (i > begin) good(text.substr(begin, i - begin));
      bad();
      begin = ++i;
    } else {
      i += length;
    }
  }
  if (begin < text.size()) good(text.substr(begin));
}

/// Each malformed octet becomes U+FFFD. `any` tells whether there was a character of two or more octets.
std::string replaced_utf8(std::string_view octets, bool& any) {
  std::string out;
  out.reserve(octets.size() + 16);
  walk_utf8(
      octets,
      [&](std::string_view run) {
        any = any || ascii_length(run) < run.size();
        out += run;
      },
      [&] { out += kReplacement; });
  return out;
}

/// Octets that claim to be UTF-8. Without a single character of two or more octets the claim is wrong.
std::string repaired_utf8(std::string_view octets) {
  bool any = false;
  std::string out = replaced_utf8(octets, any);
  return any ? out : from_windows1252(octets);
}

/// The first `size` octets of `text`, all ASCII, to lower case; eight at a time.
void lower_ascii(std::string& text, std::size_t size) {
  constexpr std::uint64_t kEach = 0x0101010101010101U;
  std::size_t i = 0;
  for (std::uint64_t eight; i + 8 <= size; i += 8) {
    std::memcpy(&eight, text.data() + i, 8);
    const std::uint64_t from_a = eight + kEach * (0x80 - 'A');        // the high bit says: "A" or behind it
    const std::uint64_t behind_z = eight + kEach * (0x80 - 'Z' - 1);  // the high bit says: behind "Z"
    eight |= ((from_a ^ behind_z) & kEach * 0x80) >> 2;
    std::memcpy(text.data() + i, &eight, 8);
  }
  for (; i < size; ++i) text[i] = ascii_lower(text[i]);
}

}  // namespace

bool knows_charset(std::string_view charset) { return charset_named(charset).kind != Charset::unknown; }

std::string to_utf8(std::string_view octets) {
  return is_utf8(octets) ? std::string{octets} : from_windows1252(octets);
}

std::string to_utf8(std::string_view octets, std::string_view charset) {
  const Charset known = charset_named(charset);
  switch (known.kind) {
    case Charset::utf8:
      return is_utf8(octets) ? std::string{octets} : repaired_utf8(octets);
    case Charset::windows1252:
      return from_windows1252(octets);
    case Charset::icu:
      return convert(octets, known.name);
    case Charset::ascii:
    case Charset::unknown:
      break;
  }
  return to_utf8(octets);
}

std::string fold_case(std::string_view utf8) {
  std::string out{utf8};
  const std::size_t ascii = ascii_length(utf8);
  lower_ascii(out, ascii);
  if (ascii == utf8.size()) return out;
  if (!is_utf8(utf8.substr(ascii))) {  // ICU would let it pass
    bool any = false;
    return fold_case(replaced_utf8(utf8, any));
  }
  static UCaseMap* const map = [] {
    UErrorCode status = U_ZERO_ERROR;
    return ucasemap_open("", U_FOLD_CASE_DEFAULT, &status);
  }();
  out.resize(ascii);
  // In pieces, since ICU counts in 32 bits; a piece does not cut a character.
  for (std::string_view rest = utf8.substr(ascii); !rest.empty();) {
    const std::string_view piece = cut_utf8(rest, 1 << 20);
    rest.remove_prefix(piece.size());
    std::string folded(piece.size() * 3 + 16, '\0');  // no character grows more than threefold
    UErrorCode status = U_ZERO_ERROR;
    const auto length = ucasemap_utf8FoldCase(map, folded.data(), static_cast<std::int32_t>(folded.size()),
                                              piece.data(), static_cast<std::int32_t>(piece.size()), &status);
    if (U_SUCCESS(status)) out.append(folded, 0, static_cast<std::size_t>(length));
  }
  return out;
}

std::string_view cut_utf8(std::string_view utf8, std::size_t most) {
  if (utf8.size() <= most) return utf8;
  std::size_t cut = most;
  // At most three octets back to the start of the character; malformed text is cut where it is.
  for (int back = 0; back < 3 && cut > 0 && (static_cast<unsigned char>(utf8[cut]) & 0xC0) == 0x80; ++back) --cut;
  if ((static_cast<unsigned char>(utf8[cut]) & 0xC0) == 0x80) cut = most;
  return utf8.substr(0, cut);
}

}  // namespace pennypost::message
