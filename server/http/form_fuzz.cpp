// Fuzz target: forms and queries. Nothing grows in decoding, and a decoded text without escapes decodes to itself.
#include <cstdlib>

#include "server/http/form.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace pennypost::http;
  const std::string_view in{reinterpret_cast<const char*>(data), size};
  std::size_t total = 0;
  for (const auto& [name, value] : read_form(in)) total += name.size() + value.size();
  if (total > size) std::abort();
  const std::string once = decode_form_text(in);
  if (once.size() > size) std::abort();
  if (once.find_first_of("%+") == std::string::npos && decode_form_text(once) != once) std::abort();
  return 0;
}
