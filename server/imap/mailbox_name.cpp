// Mailbox names. Pure functions. A name is refused only where it could not be written back to a client: the store
// decides whether it exists and whether it may.
#include "server/imap/mailbox_name.h"

#include <array>
#include <cstdint>

#include "server/base/limits.h"
#include "server/base/text.h"

namespace pennypost::imap {

namespace {

constexpr std::string_view kDigits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+,";

std::optional<unsigned> value_of(char c) {
  const std::size_t at = kDigits.find(c);
  if (at == std::string_view::npos) return std::nullopt;
  return static_cast<unsigned>(at);
}

bool is_direct(char c) { return c >= 0x20 && c <= 0x7e; }

void append_utf8(std::string& out, std::uint32_t c) {
  if (c < 0x80) {
    out += static_cast<char>(c);
  } else if (c < 0x800) {
    out += static_cast<char>(0xc0 | (c >> 6));
    out += static_cast<char>(0x80 | (c & 0x3f));
  } else if (c < 0x10000) {
    out += static_cast<char>(0xe0 | (c >> 12));
    out += static_cast<char>(0x80 | (c >> 6 & 0x3f));
    out += static_cast<char>(0x80 | (c & 0x3f));
  } else {
    out += static_cast<char>(0xf0 | (c >> 18));
    out += static_cast<char>(0x80 | (c >> 12 & 0x3f));
    out += static_cast<char>(0x80 | (c >> 6 & 0x3f));
    out += static_cast<char>(0x80 | (c & 0x3f));
  }
}

/// The code point at `at`, which moves behind it; none for what is not well-formed.
std::optional<std::uint32_t> next_code_point(std::string_view text, std::size_t& at) {
  const auto lead = static_cast<unsigned char>(text[at++]);
  if (lead < 0x80) return lead;
  const int more = lead >= 0xf0 && lead <= 0xf4 ? 3 : lead >= 0xe0 ? 2 : lead >= 0xc2 ? 1 : 0;
  if (more == 0 || lead > 0xf4) return std::nullopt;
  std::uint32_t c = lead & (0x3fU >> more);
  for (int i = 0; i < more; ++i) {
    if (at >= text.size()) return std::nullopt;
    const auto u = static_cast<unsigned char>(text[at++]);
    if ((u & 0xc0) != 0x80) return std::nullopt;
    c = c << 6 | (u & 0x3f);
  }
  constexpr std::array<std::uint32_t, 4> least = {0, 0x80, 0x800, 0x10000};
  if (c < least[static_cast<std::size_t>(more)] || c > 0x10ffff || (c >= 0xd800 && c <= 0xdfff)) return std::nullopt;
  return c;
}

}  // namespace

std::optional<std::string> to_modified_utf7(std::string_view utf8) {
  std::string out;
  std::uint32_t bits = 0;
  int held = 0;
  bool shifted = false;
  const auto close = [&] {
    if (!shifted) return;
    if (held > 0) out += kDigits[bits << (6 - held) & 0x3f];
    out += '-';
    shifted = false;
    held = 0;
    bits = 0;
  };
  const auto unit = [&](std::uint32_t u) {
    bits = bits << 16 | u;  // at most 5 bits are held from before
    held += 16;
    while (held >= 6) {
      held -= 6;
      out += kDigits[bits >> held & 0x3f];
    }
    bits &= (1U << held) - 1;
  };
  for (std::size_t at = 0; at < utf8.size();) {
    const auto c = next_code_point(utf8, at);
    if (!c) return std::nullopt;
    if (*c < 0x80 && is_direct(static_cast<char>(*c))) {
      close();
      out += static_cast<char>(*c);
      if (*c == '&') out += '-';
      continue;
    }
    if (!shifted) {
      out += '&';
      shifted = true;
    }
    if (*c >= 0x10000) {
      unit(0xd800 + ((*c - 0x10000) >> 10));
      unit(0xdc00 + ((*c - 0x10000) & 0x3ff));
    } else {
      unit(*c);
    }
  }
  close();
  return out;
}

std::optional<std::string> from_modified_utf7(std::string_view name) {
  std::string out;
  for (std::size_t at = 0; at < name.size();) {
    const char c = name[at++];
    if (!is_direct(c)) return std::nullopt;
    if (c != '&') {
      out += c;
      continue;
    }
    if (at < name.size() && name[at] == '-') {
      out += '&';
      ++at;
      continue;
    }
    std::uint32_t bits = 0;
    int held = 0;
    std::uint32_t high = 0;
    bool closed = false;
    bool any = false;
    while (at < name.size()) {
      const char d = name[at++];
      if (d == '-') {
        closed = true;
        break;
      }
      const auto value = value_of(d);
      if (!value) return std::nullopt;
      bits = bits << 6 | *value;
      held += 6;
      if (held < 16) continue;
      held -= 16;
      const std::uint32_t unit = bits >> held & 0xffff;
      bits &= (1U << held) - 1;
      any = true;
      if (high != 0) {
        if (unit < 0xdc00 || unit > 0xdfff) return std::nullopt;
        append_utf8(out, 0x10000 + ((high - 0xd800) << 10) + (unit - 0xdc00));
        high = 0;
      } else if (unit >= 0xd800 && unit <= 0xdbff) {
        high = unit;
      } else if ((unit >= 0xdc00 && unit <= 0xdfff) || (unit >= 0x20 && unit <= 0x7e)) {
        return std::nullopt;
      } else {
        append_utf8(out, unit);
      }
    }
    if (!closed || !any || high != 0 || bits != 0 || held >= 6) return std::nullopt;
  }
  return out;
}

std::optional<std::string> canonical_name(std::string_view name) {
  if (name.size() > 1 && name.back() == kSeparator) name.remove_suffix(1);
  if (name.empty() || name.front() == kSeparator || name.back() == kSeparator) return std::nullopt;
  if (name.find("//") != std::string_view::npos) return std::nullopt;
  std::string out{name};
  bool eight_bit = false;
  for (const char c : name) {
    const auto u = static_cast<unsigned char>(c);
    if (u < 0x20 || u == 0x7f) return std::nullopt;
    eight_bit |= u >= 0x80;
  }
  if (eight_bit) {
    auto encoded = to_modified_utf7(name);
    if (!encoded) return std::nullopt;
    out = *std::move(encoded);
  }
  if (out.size() > kImapMailboxName.most.size()) return std::nullopt;
  if (starts_with_word(out, "INBOX") && (out.size() == 5 || out[5] == kSeparator)) out.replace(0, 5, "INBOX");
  return out;
}

bool is_inbox(std::string_view canonical) { return canonical == "INBOX"; }

std::vector<std::string_view> parents_of(std::string_view name) {
  std::vector<std::string_view> parents;
  for (std::size_t at = name.find(kSeparator); at != std::string_view::npos; at = name.find(kSeparator, at + 1))
    parents.push_back(name.substr(0, at));
  return parents;
}

bool matches(std::string_view pattern, std::string_view name) {
  // The set of places in the pattern that the name read so far can have reached; a step a character of the name.
  const bool inbox = starts_with_word(name, "INBOX") && (name.size() == 5 || name[5] == kSeparator);
  std::vector<char> here(pattern.size() + 1, 0);
  std::vector<char> there(pattern.size() + 1, 0);
  const auto spread = [&pattern](std::vector<char>& places) {
    for (std::size_t i = 0; i < pattern.size(); ++i)
      if (places[i] && (pattern[i] == '*' || pattern[i] == '%')) places[i + 1] = 1;
  };
  here[0] = 1;
  spread(here);
  for (std::size_t n = 0; n < name.size(); ++n) {
    std::fill(there.begin(), there.end(), 0);
    for (std::size_t i = 0; i < pattern.size(); ++i) {
      if (!here[i]) continue;
      if (pattern[i] == '*' || (pattern[i] == '%' && name[n] != kSeparator)) {
        there[i] = 1;
      } else if (pattern[i] == name[n] || (inbox && n < 5 && ascii_upper(pattern[i]) == ascii_upper(name[n]))) {
        there[i + 1] = 1;
      }
    }
    spread(there);
    here.swap(there);
  }
  return here[pattern.size()] != 0;
}

}  // namespace pennypost::imap
