// Message ids (RFC 5322 3.6.4 and 4.5.4). Reads "<...>" wherever it stands; comments and quoted phrases are passed
// over.
#include "server/message/message_ids.h"

#include <chrono>
#include <random>

#include <fmt/format.h>

#include "server/base/limits.h"

namespace pennypost::message {
namespace {

constexpr std::size_t kLongestId = 2000;  // RFC 5322 lines end at 998; longer "ids" are something else

constexpr bool is_white(char c) { return static_cast<unsigned char>(c) <= 32 || c == 127; }

}  // namespace

std::vector<std::string> message_ids(std::string_view value) {
  value = value.substr(0, kHeaderValue.most.size());
  std::vector<std::string> ids;
  for (std::size_t i = value.find('<'); i != std::string_view::npos; i = value.find('<', i)) {
    std::string id;
    std::size_t end = i + 1;
    bool closed = false;
    for (; end < value.size() && value[end] != '<'; ++end) {
      if (value[end] == '>') {
        closed = true;
        break;
      }
      if (!is_white(value[end]) && id.size() <= kLongestId) id += value[end];
    }
    i = end;
    if (!closed || id.empty() || id.size() > kLongestId) continue;
    // Of too many the first stays, it is the root of the thread; the last is the parent.
    if (ids.size() == static_cast<std::size_t>(kReferences.most)) ids.erase(ids.begin() + 1);
    ids.push_back("<" + id + ">");
  }
  return ids;
}

std::optional<std::string> message_id(std::string_view value) {
  value = value.substr(0, kHeaderValue.most.size());
  auto ids = message_ids(value);
  if (!ids.empty()) return std::move(ids.front());
  std::size_t begin = 0;
  while (begin < value.size() && is_white(value[begin])) ++begin;
  std::size_t end = begin;
  while (end < value.size() && !is_white(value[end])) ++end;
  if (begin == end || end - begin > kLongestId) return std::nullopt;
  std::string word;
  for (const char c : value.substr(begin, end - begin)) {
    if (c != '<' && c != '>') word += c;
  }
  if (word.empty()) return std::nullopt;
  return "<" + word + ">";
}

std::string new_message_id(std::string_view domain) {
  thread_local std::random_device random;  // the system's; no seed that two processes could share
  const auto number = [] { return std::uint64_t{random()} << 32 | random(); };
  const auto now =
      std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::system_clock::now().time_since_epoch());
  return fmt::format("<{:016x}{:016x}.{:x}@{}>", number(), number(), now.count(),
                     domain.empty() ? "localhost" : domain);
}

}  // namespace pennypost::message
