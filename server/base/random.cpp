// Secrets from the kernel. Needs getrandom; without it the program ends (random.h says why).
#include "server/base/random.h"

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <limits>
#include <string_view>

#include <sys/random.h>

namespace pennypost {

std::string random_octets(std::size_t count) {
  std::string out(count, '\0');
  for (std::size_t have = 0; have < count;) {
    const ssize_t got = ::getrandom(out.data() + have, count - have, 0);
    if (got > 0) {
      have += static_cast<std::size_t>(got);
    } else if (got < 0 && errno != EINTR) {
      std::perror("getrandom");
      std::abort();
    }
  }
  return out;
}

std::uint64_t random_number() {
  const std::string octets = random_octets(sizeof(std::uint64_t));
  std::uint64_t value = 0;
  for (const char c : octets) value = value << 8 | static_cast<unsigned char>(c);
  return value;
}

std::uint64_t random_below(std::uint64_t end) {
  if (end == 0) return 0;
  const std::uint64_t fair = std::numeric_limits<std::uint64_t>::max() / end * end;  // above it, some are likelier
  for (;;) {
    const std::uint64_t value = random_number();
    if (value < fair) return value % end;
  }
}

std::string random_name(std::size_t length) {
  constexpr std::string_view alphabet = "abcdefghjkmnpqrstuvwxyz23456789";
  std::string out;
  for (std::size_t i = 0; i < length; ++i) out += alphabet[random_below(alphabet.size())];
  return out;
}

}  // namespace pennypost
