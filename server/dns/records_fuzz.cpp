// DNS messages as a stranger's server may send them.
#include <cstdint>

#include "server/dns/name.h"
#include "server/dns/records.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace pennypost::dns;
  const std::string_view message{reinterpret_cast<const char*>(data), size};
  for (const Type type : {Type::a, Type::mx, Type::txt, Type::srv}) (void)read_answer(message, "a.ex", type);
  if (const auto name = query_name(message.substr(0, 300))) {
    const auto again = query_name(*name);
    if (!again || *again != *name) __builtin_trap();  // what was made askable stays as it is
  }
  return 0;
}
