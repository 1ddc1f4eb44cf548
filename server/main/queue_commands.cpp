// `pennypost queue list|flush|hold|release|delete`: mail on its way out (spec 60 section 8.1).
#include <memory>

#include <fmt/format.h>

#include "server/main/command.h"

namespace pennypost::main_program {

namespace {

const char* state_of(const store::QueuedMessage& message) {
  switch (message.hold) {
    case store::HoldState::held:
      return "held";
    case store::HoldState::timed:
      return "held for a time";
    case store::HoldState::none:
      break;
  }
  for (const auto& recipient : message.recipients) {
    if (recipient.is_busy) return "being sent";
  }
  return message.finished ? "finished" : "waiting";
}

Result<void> list(store::Store& store, const store::QueueFilter& filter) {
  auto messages = store.queue().list(filter);
  if (!messages) return std::move(messages).error();
  for (const store::QueuedMessage& message : *messages) {
    fmt::print("{}  {}  {}  {} octets  from <{}>{}  {}\n", number(message.id), state_of(message),
               local_time(message.created), message.size.count, message.return_path,
               message.auth_sender.empty() ? "" : " (" + message.auth_sender + ")", message.subject);
    for (const store::QueuedRecipient& recipient : message.recipients) {
      fmt::print("    to <{}>  attempts {}  ", recipient.address, recipient.attempts);
      if (recipient.succeeded) {
        fmt::print("sent {}", local_time(recipient.succeeded));
      } else if (recipient.failed) {
        fmt::print("failed {}", local_time(recipient.failed));
      } else {
        fmt::print("next try {}", local_time(recipient.next_try));
      }
      if (!recipient.latest_error.empty()) fmt::print("  {}: {}", recipient.latest_server, recipient.latest_error);
      fmt::print("\n");
    }
  }
  fmt::print("{} message{}\n", messages->size(), messages->size() == 1 ? "" : "s");
  return {};
}

using Act = Result<std::int64_t> (store::OutQueue::*)(const store::QueueFilter&);

}  // namespace

void add_queue_commands(CLI::App& app, Call& call) {
  CLI::App& queue = *app.add_subcommand("queue", "Mail on its way out")->require_subcommand(1);
  struct Words {
    std::int64_t id = 0;
    bool all = false;
    store::QueueFilter filter;
  };
  const auto words = std::make_shared<Words>();
  const auto add = [&](const char* name, const char* says, bool is_optional) {
    CLI::App& command = *queue.add_subcommand(name, says);
    auto* id = command.add_option("ID", words->id, "Number of one message, as list prints it");
    command.add_option("--from", words->filter.sender, "Return path or submitting account (* and ? allowed)");
    command.add_option("--to", words->filter.recipient, "Recipient (* and ? allowed)");
    command.add_option("--ip", words->filter.sender_ip, "Address of the submitting client");
    if (!is_optional) command.add_flag("--all", words->all, "Every message of the queue")->excludes(id);
    add_data_option(command, call);
    return &command;
  };
  const auto filter_of = [words] {
    store::QueueFilter filter = words->filter;
    if (words->id != 0) filter.id = QueueId{words->id};
    return filter;
  };

  CLI::App* list_command = add("list", "What waits, with the last answer for each recipient", true);
  list_command->add_flag("--finished", words->filter.with_finished, "Finished ones too");
  list_command->callback(
      [&call, filter_of] { with_store(call, [&](store::Store& s) { return list(s, filter_of()); }); });

  struct Verb {
    const char* name;
    const char* says;
    const char* done;
    Act act;
    bool needs_choice;
  };
  for (const Verb& verb : {Verb{"flush", "Try again now", "to be tried again now", &store::OutQueue::flush, false},
                           Verb{"hold", "Keep from being sent", "held", &store::OutQueue::hold, true},
                           Verb{"release", "Let held ones go", "released", &store::OutQueue::release, true},
                           Verb{"delete", "Remove without a bounce", "deleted", &store::OutQueue::remove, true}}) {
    CLI::App* command = add(verb.name, verb.says, !verb.needs_choice);
    command->callback([&call, words, filter_of, verb] {
      const store::QueueFilter filter = filter_of();
      if (verb.needs_choice && !words->all && !filter.id && filter.sender.empty() && filter.recipient.empty() &&
          filter.sender_ip.empty()) {
        return fail(
            call, error(Kind::bad_input, fmt::format("queue {}: name an ID, --from, --to, --ip or --all", verb.name)));
      }
      with_store(call, [&](store::Store& s) -> Result<void> {
        auto count = (s.queue().*verb.act)(filter);
        if (!count) return std::move(count).error();
        fmt::print("{} {}\n", *count, verb.done);
        if (*count == 0 && filter.id) return error(Kind::not_found, fmt::format("No message {} waits", words->id));
        return {};
      });
    });
  }
}

}  // namespace pennypost::main_program
