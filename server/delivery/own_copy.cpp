// A header of its own for one copy (see the header). What is only added at the top stands in front of the copy, as its
// other own fields do, and costs no second body; everything else does.
#include "server/delivery/own_copy.h"

#include <limits>

#include "server/delivery/describe.h"

namespace pennypost::delivery {

Result<std::optional<OwnCopy>> own_copy(const OwnHeader& make, const message::Message& message,
                                        const std::string& spool, bool body_allowed) {
  const std::string_view whole = message.header();
  const std::string_view header = message.fields();
  std::string fresh = make(header);
  OwnCopy own;
  if (fresh.size() >= header.size()) {
    const std::string_view added{fresh};
    if (added.ends_with(header)) {
      own.prefix = added.substr(0, fresh.size() - header.size());
      return std::optional{std::move(own)};
    }
    if (!body_allowed && added.starts_with(header) && header.ends_with('\n')) {
      own.prefix = added.substr(header.size());
      return std::optional{std::move(own)};
    }
  }
  if (!body_allowed) return std::optional<OwnCopy>{};
  fresh += "\r\n";
  const std::string_view rest = message.raw.substr(whole.size());
  const Octets size{static_cast<std::int64_t>(fresh.size() + rest.size())};
  ContentWriter writer{spool, size, size};
  writer.put(fresh);
  writer.put(rest);
  auto content = writer.finish();
  if (!content) return std::move(content).error();
  own.body = std::make_unique<OwnBody>();
  own.body->content = *std::move(content);
  own.body->message = message::parse(own.body->content.octets());
  own.body->stored = describe(own.body->message);
  return std::optional{std::move(own)};
}

}  // namespace pennypost::delivery
