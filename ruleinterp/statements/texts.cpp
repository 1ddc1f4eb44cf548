// Statements that work on texts: Convert, Escape, Replace (spec 10 sections 6.11, 6.22; 11 section 1.6). A conversion
// that is not possible gives an empty text.
#include <array>

#include <fmt/format.h>

#include "ruleinterp/statements/families.h"
#include "ruleinterp/text.h"

namespace pennypost::ruleinterp::families {
namespace {

constexpr std::string_view kBase64 = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

std::string to_base64(std::string_view data) {
  std::string out;
  out.reserve((data.size() + 2) / 3 * 4);
  for (std::size_t at = 0; at < data.size(); at += 3) {
    std::uint32_t bits = 0;
    const std::size_t octets = std::min<std::size_t>(3, data.size() - at);
    for (std::size_t i = 0; i < 3; ++i) bits = bits << 8 | (i < octets ? static_cast<unsigned char>(data[at + i]) : 0u);
    for (std::size_t i = 0; i < 4; ++i) out += i <= octets ? kBase64[bits >> (18 - 6 * i) & 63] : '=';
  }
  return out;
}

// Octets that are no base64 are skipped; null octets become spaces (spec 10 section 6.11).
std::string from_base64(std::string_view data) {
  std::string out;
  std::uint32_t bits = 0;
  int count = 0;
  for (const char c : data) {
    if (c == '=') break;
    const std::size_t digit = kBase64.find(c);
    if (digit == std::string_view::npos) continue;
    bits = bits << 6 | static_cast<std::uint32_t>(digit);
    count += 6;
    if (count < 8) continue;
    count -= 8;
    const char octet = static_cast<char>(bits >> count & 0xFF);
    out += octet == 0 ? ' ' : octet;
  }
  return out;
}

std::string url_encoded(std::string_view data) {
  std::string out;
  for (const char c : data) {
    const bool plain =
        (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '-' || c == '_' || c == '.';
    if (plain) {
      out += c;
    } else if (c == ' ') {
      out += '+';
    } else {
      out += fmt::format("%{:02X}", static_cast<unsigned char>(c));
    }
  }
  return out;
}

std::string character(double code) {
  if (!(code >= 0 && code <= 255)) return {};
  return std::string(1, code < 1 ? ' ' : static_cast<char>(static_cast<int>(code)));
}

constexpr std::string_view kSpecial = "\\^$.|?*+()[]{}/";

}  // namespace

Flow run_convert(Run& run, const Instruction& i) {
  const std::string_view data = run.text(i, 0);
  const std::string_view method = run.text(i, 1);
  const std::uint32_t into = Run::variable(i, 2);
  const auto is = [&](std::string_view name) { return equal_ignoring_case(method, name); };
  if (is("Base64")) {
    run.set(into, to_base64(data));
  } else if (is("DeBase64")) {
    run.set(into, from_base64(data));
  } else if (is("UrlEncode")) {
    run.set(into, url_encoded(data));
  } else if (is("Upper")) {
    run.set(into, upper(data));
  } else if (is("Lower")) {
    run.set(into, lower(data));
  } else if (is("Char")) {
    run.set(into, character(leading_number(data)));
  } else if (is("Ord")) {
    run.set(into, data.empty() ? 0.0 : static_cast<double>(static_cast<unsigned char>(data[0])));
  } else {
    run.warn(fmt::format("Convert knows no method {}", method));
    run.set(into, std::string_view{});
  }
  return Flow::next;
}

Flow run_escape(Run& run, const Instruction& i) {
  const std::uint32_t slot = Run::variable(i, 0);
  std::string out;
  for (const char c : run.text_of(slot)) {
    if (kSpecial.find(c) != std::string_view::npos) out += '\\';
    out += c;
  }
  run.set(slot, out);
  return Flow::next;
}

Flow run_replace(Run& run, const Instruction& i) {
  const std::uint32_t slot = Run::variable(i, 0);
  const auto search = run.search_of(i.operands[1]);
  if (!search || (!search->is_expression() && search->plain().empty())) return Flow::next;
  const std::string_view with = run.text(i, 2);
  const std::string_view old = run.text_of(slot);
  std::string out;
  Match match;
  std::size_t copied = 0;
  std::uint32_t found = 0;
  for (std::size_t from = 0; from <= old.size();) {
    const Matched matched = search->find(old, from, &match);
    if (++found % 64 == 0) run.look_at_clock();
    if (matched == Matched::too_much_work) run.warn("the expression cost too much here; replacing ended early");
    if (matched != Matched::yes || match.begin < copied) break;
    out.append(old.substr(copied, match.begin - copied)).append(with);
    copied = match.end;
    from = match.end > match.begin ? match.end : match.end + 1;
    if (out.size() > run.limits().memory) run.arena().charge(out.size());
  }
  out.append(old.substr(std::min(copied, old.size())));
  run.set(slot, out);
  return Flow::next;
}

}  // namespace pennypost::ruleinterp::families
