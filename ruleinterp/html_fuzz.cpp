// Any octets as HTML, as text with URLs, as a zip file, as a header with changes.
#include "ruleinterp/derived.h"
#include "ruleinterp/header_changes.h"
#include "ruleinterp/statements/zip.h"

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
  using namespace pennypost::ruleinterp;
  const std::string_view text{reinterpret_cast<const char*>(data), size};
  const HtmlParts parts = read_html(text);
  if (parts.text.size() > 3 * size + 16) std::abort();
  for (const std::string_view url : urls_in_text(text)) decode_url(url);
  zip_entries(text);
  std::string error;
  const std::size_t half = size / 2;
  if (const auto change = header_change_of(text.substr(0, half), error))
    apply_header_changes(text.substr(half), {&*change, 1}, "bob");
  return 0;
}
