// `pennypost trace ID`: what was decided about a message, stage by stage (DESIGN section 3).
#include <memory>

#include <fmt/format.h>

#include "server/main/command.h"

namespace pennypost::main_program {

void add_trace_command(CLI::App& app, Call& call) {
  CLI::App& trace = *app.add_subcommand("trace", "What was decided about a message, stage by stage");
  const auto id = std::make_shared<std::string>();
  trace.add_option("ID", *id, "The Message-ID field, or a trace id from the log or an SMTP reply")->required();
  add_data_option(trace, call);
  trace.callback([&call, id] {
    with_store(call, [&](store::Store& store) -> Result<void> {
      auto records = store.trace().find(*id);
      if (!records) return std::move(records).error();
      if (records->empty()) return error(Kind::not_found, fmt::format("No trace of {}", *id));
      for (const store::TraceRecord& record : *records) {
        fmt::print("{} <{}>\n", record.trace_id, record.message_id);
        for (const store::TraceLine& line : record.lines) {
          fmt::print("  {}  {:<14} {:<10} {}\n", local_time(line.at), line.stage, line.verdict, line.reason);
        }
      }
      return {};
    });
  });
}

}  // namespace pennypost::main_program
