// Reading of URLs and of references to them: what is read prints to a text that reads as the same.
#include <cstdlib>

#include "server/filter/url.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using pennypost::filter::Url;
  const std::string_view text{reinterpret_cast<const char*>(data), size};
  const auto check = [](const pennypost::Result<Url>& url) {
    if (!url) return;
    for (const char c : url->authority() + url->target)
      if (c <= ' ' || c >= 127) std::abort();
    const auto again = Url::parse(url->text());
    if (again && (again->text() != url->text() || again->host != url->host || again->port != url->port)) std::abort();
    if (!again && url->text().size() <= 8192) std::abort();
  };
  check(Url::parse(text));
  static const auto base = Url::parse("https://joe@a.example:81/b/c?d");
  check(base->resolve(text));
  return 0;
}
