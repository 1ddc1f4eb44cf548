// Lines of a remote server's answers.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "server/transport/smtp_answer.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace pennypost;
  const std::string_view text{reinterpret_cast<const char*>(data), size};
  if (const auto line = transport::parse_answer_line(text)) {
    if (line->code < 200 || line->code > 599) std::abort();
    std::string_view rest = line->text;
    const Enhanced status = transport::take_enhanced(line->code, rest);
    if (!status.none() && status.klass != line->code / 100) std::abort();
    const std::string said = transport::in_words({line->code, status, std::string{rest}});
    if (said.size() > 1000 || said.find_first_of("\r\n") != said.npos) std::abort();
  }
  return 0;
}
