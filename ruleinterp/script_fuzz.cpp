// Any octets as a script: loading, compiling, formatting and running them ends, within the limits, without a fault.
#include "ruleinterp/fakes.h"
#include "ruleinterp/tools/format.h"
#include "ruleinterp/tools/words.h"

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
  using namespace pennypost::ruleinterp;
  const std::string text{reinterpret_cast<const char*>(data), size};
  fakes::Bench bench;
  bench.limits.time = std::chrono::milliseconds{200};
  bench.limits.instructions = 20'000;
  bench.limits.memory = 1 << 20;
  bench.mail.part("text/html", "<p>Hello <a href=\"http://x.example/%41\">x</a>");
  bench.compile(text);
  for (const Problem& problem : bench.compiled.problems) describe(problem);
  if (bench.compiled.program) to_json(bench.run_again());
  const std::string formatted = format_script(text);
  if (format_script(formatted) != formatted) std::abort();
  ScriptTexts again;
  again.set("spamrules.txt", formatted);
  const Compiled same = compile_from(again);
  if ((same.program == nullptr) != (bench.compiled.program == nullptr)) std::abort();
  if (same.program && same.program->code.size() != bench.compiled.program->code.size()) std::abort();
  to_json(words_of(load(bench.files)));
  return 0;
}
