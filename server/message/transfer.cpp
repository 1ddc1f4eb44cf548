// Transfer encodings, as state machines that take their input in pieces of any size (RFC 2045 6.7 and 6.8).
// Broken input never fails: base64 skips what it does not know and starts anew behind "=", quoted-printable leaves what
// it does not know, uuencode takes lines between "begin" and "end".
#include "server/message/transfer.h"

#include <algorithm>
#include <array>

#include "server/message/header.h"

namespace pennypost::message {
namespace {

constexpr char kBase64[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

constexpr auto kBase64Value = [] {
  std::array<std::int8_t, 256> table{};
  table.fill(-1);
  for (int i = 0; i < 64; ++i) table[static_cast<unsigned char>(kBase64[i])] = static_cast<std::int8_t>(i);
  return table;
}();

constexpr auto kHexValue = [] {
  std::array<std::int8_t, 256> table{};
  table.fill(-1);
  for (int i = 0; i < 10; ++i) table[static_cast<std::size_t>('0' + i)] = static_cast<std::int8_t>(i);
  for (int i = 0; i < 6; ++i) {
    table[static_cast<std::size_t>('a' + i)] = table[static_cast<std::size_t>('A' + i)] =
        static_cast<std::int8_t>(10 + i);
  }
  return table;
}();

constexpr char kHexDigits[] = "0123456789ABCDEF";
constexpr std::size_t kWhiteHeld = 65536;  // white space that may still turn out to end a line; more is kept as text
constexpr std::size_t kUuLine = 1024;      // a line of uuencode has 61 octets; what is longer is none

int hex_value(char c) { return kHexValue[static_cast<unsigned char>(c)]; }

}  // namespace

Encoding encoding_named(std::string_view value) {
  const std::size_t begin = value.find_first_not_of(" \t\r\n\"");
  if (begin == std::string_view::npos) return Encoding::seven_bit;
  value.remove_prefix(begin);
  value = value.substr(0, value.find_first_of(" \t\r\n;\"("));
  if (same_word(value, "7bit")) return Encoding::seven_bit;
  if (same_word(value, "8bit")) return Encoding::eight_bit;
  if (same_word(value, "binary")) return Encoding::binary;
  if (same_word(value, "quoted-printable")) return Encoding::quoted_printable;
  if (same_word(value, "base64")) return Encoding::base64;
  if (same_word(value, "x-uuencode") || same_word(value, "uuencode") || same_word(value, "x-uue") ||
      same_word(value, "uue")) {
    return Encoding::uuencode;
  }
  return Encoding::unknown;
}

void Decoder::push(std::string_view in, std::string& out) {
  switch (encoding_) {
    case Encoding::base64:
      return base64(in, out);
    case Encoding::quoted_printable:
      return quoted_printable(in, out);
    case Encoding::uuencode:
      return uuencode(in, out);
    case Encoding::seven_bit:
    case Encoding::eight_bit:
    case Encoding::binary:
    case Encoding::unknown:
      break;
  }
  out += in;
}

void Decoder::finish(std::string& out) {
  if (encoding_ == Encoding::base64 && have_ > 0) base64("=", out);
  if (encoding_ == Encoding::quoted_printable) {
    if (held_.size() == 2 && held_[0] == '=' && hex_value(held_[1]) >= 0) out += held_;  // half an octet
    held_.clear();
  }
  if (encoding_ == Encoding::uuencode) uuencode_line(out);
}

void Decoder::base64(std::string_view in, std::string& out) {
  out.reserve(out.size() + in.size() / 4 * 3 + 3);
  const auto* p = reinterpret_cast<const unsigned char*>(in.data());
  const auto* const end = p + in.size();
  while (p < end) {
    if (have_ == 0) {
      while (end - p >= 4) {
        const int a = kBase64Value[p[0]];
        const int b = kBase64Value[p[1]];
        const int c = kBase64Value[p[2]];
        const int d = kBase64Value[p[3]];
        if ((a | b | c | d) < 0) break;
        const auto three = static_cast<std::uint32_t>(a << 18 | b << 12 | c << 6 | d);
        const char octets[3] = {static_cast<char>(three >> 16), static_cast<char>(three >> 8),
                                static_cast<char>(three)};
        out.append(octets, 3);
        p += 4;
      }
      if (p == end) return;
    }
    const unsigned char octet = *p++;
    const int value = kBase64Value[octet];
    if (value >= 0) {
      bits_ = bits_ << 6 | static_cast<std::uint32_t>(value);
      if (++have_ == 4) {
        out += static_cast<char>(bits_ >> 16);
        out += static_cast<char>(bits_ >> 8);
        out += static_cast<char>(bits_);
        have_ = 0;
        bits_ = 0;
      }
    } else if (octet == '=') {  // the end of this run of base64; another may follow
      if (have_ == 2) out += static_cast<char>(bits_ >> 4);
      if (have_ == 3) {
        out += static_cast<char>(bits_ >> 10);
        out += static_cast<char>(bits_ >> 2);
      }
      have_ = 0;
      bits_ = 0;
    }
  }
}

// held_ is empty, a run of white space that may end its line, or "=" with what followed: a hexadecimal digit, white
// space or CR. So every octet is looked at with the same knowledge, however the input is cut.
void Decoder::quoted_printable(std::string_view in, std::string& out) {
  out.reserve(out.size() + in.size());
  for (std::size_t i = 0; i < in.size();) {
    const char c = in[i];
    if (held_.empty()) {
      const std::size_t stop = std::min(in.find_first_of("= \t\r\n", i), in.size());
      out.append(in, i, stop - i);
      i = stop;
      if (i == in.size()) break;
      if (in[i] == '\r' || in[i] == '\n') {
        out += in[i];
      } else {
        held_ = in[i];
        if (held_[0] != '=' && i + 1 < in.size() &&
            std::string_view{"= \t\r\n"}.find(in[i + 1]) == std::string_view::npos) {
          out += held_[0];  // the usual space between two words
          held_.clear();
        }
      }
      ++i;
    } else if (held_[0] != '=') {
      if (c == ' ' || c == '\t') {
        if (held_.size() == kWhiteHeld) {
          out += held_;
          held_.clear();
        }
        held_ += c;
        ++i;
      } else {
        if (c != '\r' && c != '\n') out += held_;
        held_.clear();
      }
    } else if (held_.back() == '\r') {
      held_.clear();
      if (c == '\n') ++i;
    } else if (c == '\n' || c == '\r') {
      if (held_.size() == 2 && hex_value(held_[1]) >= 0) {
        out += held_;
        held_.clear();
      } else if (c == '\n') {
        held_.clear();
        ++i;
      } else {
        held_ += c;
        ++i;
      }
    } else if (held_.size() == 1 && (hex_value(c) >= 0 || c == ' ' || c == '\t')) {
      held_ += c;
      ++i;
    } else if (held_.size() == 2 && hex_value(held_[1]) >= 0 && hex_value(c) >= 0) {
      out += static_cast<char>(hex_value(held_[1]) * 16 + hex_value(c));
      held_.clear();
      ++i;
    } else if (held_.size() >= 2 && hex_value(held_[1]) < 0 && (c == ' ' || c == '\t') && held_.size() < kWhiteHeld) {
      held_ += c;
      ++i;
    } else {
      out += held_;  // not of this encoding: it stays
      held_.clear();
    }
  }
}

void Decoder::uuencode(std::string_view in, std::string& out) {
  while (!in.empty() && !ended_) {
    const std::size_t feed = in.find('\n');
    const std::string_view piece = in.substr(0, feed);
    held_.append(piece, 0, kUuLine - std::min(kUuLine, held_.size()));
    if (feed == std::string_view::npos) return;
    uuencode_line(out);
    in.remove_prefix(feed + 1);
  }
}

void Decoder::uuencode_line(std::string& out) {
  std::string_view line = held_;
  if (line.ends_with('\r')) line.remove_suffix(1);
  if (!inside_) {
    inside_ = line.starts_with("begin ") && line.size() > 9 && line[6] >= '0' && line[6] <= '7';
  } else if (line == "end") {
    ended_ = true;
  } else if (!line.empty() && line.size() < kUuLine) {
    const auto value = [&line](std::size_t at) {
      return at < line.size() ? (static_cast<unsigned>(static_cast<unsigned char>(line[at])) - 32) & 63 : 0U;
    };
    std::size_t left = std::min<std::size_t>(value(0), (line.size() - 1 + 3) / 4 * 3);
    for (std::size_t at = 1; left > 0; at += 4) {
      const unsigned three = value(at) << 18 | value(at + 1) << 12 | value(at + 2) << 6 | value(at + 3);
      for (int shift = 16; shift >= 0 && left > 0; shift -= 8, --left) out += static_cast<char>(three >> shift);
    }
  }
  held_.clear();
}

std::string decode(Encoding encoding, std::string_view in) {
  std::string out;
  Decoder decoder{encoding};
  decoder.push(in, out);
  decoder.finish(out);
  return out;
}

std::string decode_base64(std::string_view in) { return decode(Encoding::base64, in); }
std::string decode_quoted_printable(std::string_view in) { return decode(Encoding::quoted_printable, in); }

std::string decode_q(std::string_view in) {
  std::string out;
  out.reserve(in.size());
  for (std::size_t i = 0; i < in.size(); ++i) {
    if (in[i] == '=' && i + 2 < in.size() && hex_value(in[i + 1]) >= 0 && hex_value(in[i + 2]) >= 0) {
      out += static_cast<char>(hex_value(in[i + 1]) * 16 + hex_value(in[i + 2]));
      i += 2;
    } else {
      out += in[i] == '_' ? ' ' : in[i];
    }
  }
  return out;
}

std::string encode_base64_line(std::string_view in) {
  std::string out;
  out.reserve((in.size() + 2) / 3 * 4);
  const auto octet = [&in](std::size_t i) {
    return i < in.size() ? static_cast<unsigned>(static_cast<unsigned char>(in[i])) : 0U;
  };
  for (std::size_t i = 0; i < in.size(); i += 3) {
    const unsigned three = octet(i) << 16 | octet(i + 1) << 8 | octet(i + 2);
    const char four[4] = {kBase64[three >> 18], kBase64[three >> 12 & 63],
                          i + 1 < in.size() ? kBase64[three >> 6 & 63] : '=',
                          i + 2 < in.size() ? kBase64[three & 63] : '='};
    out.append(four, 4);
  }
  return out;
}

std::string encode_base64(std::string_view in) {
  std::string out;
  out.reserve(in.size() / 3 * 4 + in.size() / 28 + 8);
  for (; !in.empty(); in.remove_prefix(std::min<std::size_t>(in.size(), 57))) {
    out += encode_base64_line(in.substr(0, 57));
    out += "\r\n";
  }
  return out;
}

std::string encode_quoted_printable(std::string_view in) {
  std::string out;
  out.reserve(in.size() + in.size() / 8);
  std::size_t column = 0;
  for (std::size_t i = 0; i < in.size(); ++i) {
    const char c = in[i];
    const bool line_end = c == '\n' || (c == '\r' && i + 1 < in.size() && in[i + 1] == '\n');
    if (line_end) {
      if (c == '\r') ++i;
      out += "\r\n";
      column = 0;
      continue;
    }
    const bool at_line_end = i + 1 == in.size() || in[i + 1] == '\n' || in[i + 1] == '\r';
    const bool plain = (c > 32 && c < 127 && c != '=') || ((c == ' ' || c == '\t') && !at_line_end);
    const std::size_t width = plain ? 1 : 3;
    if (column + width > 75) {
      out += "=\r\n";
      column = 0;
    }
    // "From " and "." at the start of a line do not survive every transport.
    if (plain && !(column == 0 && (c == '.' || (c == 'F' && in.substr(i).starts_with("From "))))) {
      out += c;
    } else {
      out += '=';
      out += kHexDigits[static_cast<unsigned char>(c) >> 4];
      out += kHexDigits[static_cast<unsigned char>(c) & 15];
      column += plain ? 2 : 0;
    }
    column += width;
  }
  return out;
}

}  // namespace pennypost::message
