// Fuzz target: arguments of MAIL and RCPT. What is read must print and read back to the same path.
#include <cstdlib>

#include "server/smtp/path.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace pennypost::smtp;
  const std::string_view in{reinterpret_cast<const char*>(data), size};
  for (const auto kind : {PathKind::reverse, PathKind::forward}) {
    const auto reading = read_path(in, kind);
    if (reading.problem != PathProblem::none) continue;
    const auto& path = reading.read.path;
    const auto keyword = kind == PathKind::reverse ? "FROM:<" : "TO:<";
    const auto again = read_path(keyword + path.text() + ">", kind);
    if (again.problem != PathProblem::none || again.read.path.local != path.local ||
        again.read.path.domain != path.domain)
      std::abort();
    for (const auto& p : reading.read.parameters)
      if (p.value)
        if (const auto decoded = decode_xtext(*p.value); decoded && decode_xtext(encode_xtext(*decoded)) != decoded)
          std::abort();
  }
  return 0;
}
