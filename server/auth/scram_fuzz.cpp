// Every message of SCRAM that a stranger sends, as server and as client: what parses is used, nothing else happens.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "server/auth/scram.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace pennypost::auth;
  const std::string_view text{reinterpret_cast<const char*>(data), size};
  if (const auto first = parse_client_first(text)) {
    if (first->user.empty() || first->nonce.empty()) std::abort();
    if (first->gs2_header + first->bare != text) std::abort();
    if (from_scram_name(scram_name(first->user)) != first->user) std::abort();
  }
  if (const auto server = parse_server_first(text)) {
    if (server->iterations < 1 || server->salt.empty()) std::abort();
  }
  if (const auto final = parse_client_final(text)) {
    if (!text.starts_with(final->without_proof)) std::abort();
  }
  return 0;
}
