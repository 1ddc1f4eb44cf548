// Decoding of forms. Linear in the input, which was limited before: forms by kHttpForm, addresses by the library.
#include "server/http/form.h"

#include <algorithm>

#include "server/base/text.h"

namespace pennypost::http {
namespace {

constexpr std::size_t kMostFields = 100;

}  // namespace

std::string decode_form_text(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '+') {
      out += ' ';
      continue;
    }
    if (text[i] == '%') {
      if (const auto octet = hex_decode(text.substr(i + 1, 2)); octet && octet->size() == 1) {
        out += *octet;
        i += 2;
        continue;
      }
    }
    out += text[i];
  }
  return out;
}

Fields read_form(std::string_view text) {
  Fields out;
  while (!text.empty() && out.size() < kMostFields) {
    const auto end = std::min(text.find('&'), text.size());
    const auto [name, value] = cut(text.substr(0, end), '=');
    if (end > 0) out.try_emplace(decode_form_text(name), decode_form_text(value));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return out;
}

}  // namespace pennypost::http
