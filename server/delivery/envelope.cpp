// Words of the envelope (RFC 3461). Pure functions; what makes no sense gives nothing.
#include "server/delivery/envelope.h"

#include "server/base/text.h"

namespace pennypost::delivery {

std::string Notify::text() const {
  if (never) return "NEVER";
  std::string out;
  const auto add = [&](bool wanted, std::string_view word) {
    if (!wanted) return;
    if (!out.empty()) out += ',';
    out += word;
  };
  add(success, "SUCCESS");
  add(failure, "FAILURE");
  add(delay, "DELAY");
  return out;
}

std::optional<Notify> Notify::from_text(std::string_view text) {
  Notify n;
  for (const auto part : split(text, ',')) {
    bool* bit = same_word(part, "NEVER")     ? &n.never
                : same_word(part, "SUCCESS") ? &n.success
                : same_word(part, "FAILURE") ? &n.failure
                : same_word(part, "DELAY")   ? &n.delay
                                             : nullptr;
    if (bit == nullptr || *bit) return std::nullopt;
    *bit = true;
  }
  if (n.never && (n.success || n.failure || n.delay)) return std::nullopt;
  return n;
}

std::string_view word(Entry entry) {
  switch (entry) {
    case Entry::smtp:
      return "smtp";
    case Entry::collector:
      return "collector";
    case Entry::webmail:
      return "webmail";
    case Entry::list:
      return "list";
    case Entry::system:
      return "system";
  }
  return "system";
}

}  // namespace pennypost::delivery
