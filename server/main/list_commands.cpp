// `pennypost list ...`: the white and black lists of the spam filter (spec 11 sections 5.1 to 5.3). They work beside a
// running server; a change counts from the next message on.
#include <algorithm>
#include <array>
#include <fstream>
#include <iostream>
#include <iterator>
#include <memory>
#include <sstream>

#include <fmt/format.h>
#include <pwd.h>
#include <unistd.h>

#include "server/base/clock.h"
#include "server/base/text.h"
#include "server/filter/list_entries.h"
#include "server/filter/release.h"
#include "server/main/command.h"
#include "server/store/spam_lists.h"

namespace pennypost::main_program {

namespace {

using filter::ListKind;
using store::AddressList;

struct List {
  const char* word;
  const char* says;
  ListKind kind;
  AddressList list;
};
constexpr auto kLists = std::to_array<List>({
    {"white", "Addresses whose mail is welcome", ListKind::addresses, AddressList::white},
    {"black", "Addresses whose mail is not wanted", ListKind::addresses, AddressList::black},
    {"white-words", "Words that make a message welcome", ListKind::words, AddressList::white},
    {"black-words", "Words that nobody wants to read", ListKind::words, AddressList::black},
});

constexpr std::size_t kExamples = 10;

// What the subcommands take; lives as long as the CLI.
struct Options {
  const List* list = nullptr;
  std::vector<std::string> entries, condition;
  std::string file;
  bool yes = false;
};

/// Who is at the keyboard: the name that stands beside an entry.
std::string typist() {
  for (const char* name : {"SUDO_USER", "USER", "LOGNAME"})
    if (const char* value = std::getenv(name); value != nullptr && *value != '\0') return value;
  const passwd* self = getpwuid(getuid());
  return self != nullptr ? self->pw_name : "command line";
}

Result<std::string> read_all(const std::string& file) {
  if (file.empty() || file == "-") return std::string{std::istreambuf_iterator<char>{std::cin}, {}};
  std::ifstream in{file, std::ios::binary};
  std::ostringstream text;
  if (!in || (!(text << in.rdbuf()) && in.peek() != std::char_traits<char>::eof()))
    return error(Kind::not_found, fmt::format("{} cannot be read", file));
  return std::move(text).str();
}

void print_address(const store::ListEntry& entry) {
  fmt::print("{:<40} {:<9} added {:<19} {:<20} found {:>6} x, last {:<19}{}\n", entry.entry,
             entry.is_automatic ? fmt::format("auto {} x", entry.add_count) : "manual", local_time(entry.last_added),
             entry.is_automatic || entry.added_by.empty() ? entry.auto_added_by : entry.added_by, entry.find_count,
             local_time(entry.last_found),
             entry.initially_added == entry.last_added ? "" : "  since " + local_time(entry.initially_added));
}

std::string joined(const std::vector<std::string>& words) { return join(words, " "); }

/// The entries of an address list that the condition of the options selects; all without one.
Result<std::vector<store::ListEntry>> selected(store::SpamLists& lists, const Options& options) {
  auto all = lists.addresses(options.list->list);
  if (!all || options.condition.empty()) return all;
  const auto condition = filter::EntryCondition::read(joined(options.condition));
  if (!condition) return condition.error();
  const auto at = now();
  std::erase_if(*all, [&](const store::ListEntry& entry) { return !condition->holds(entry, at); });
  return all;
}

Result<void> show(store::Store& store, const Options& options) {
  store::SpamLists lists{store.database()};
  if (options.list->kind == ListKind::addresses) {
    auto found = selected(lists, options);
    if (!found) return std::move(found).error();
    for (const auto& entry : *found) print_address(entry);
    return {};
  }
  auto words = lists.words(options.list->list);
  if (!words) return std::move(words).error();
  for (const auto& word : *words) fmt::print("{}\n", word);
  return {};
}

/// Adds what is an entry, and tells of each line that is none: then the command has failed, but nothing good is lost.
Result<void> add_all(store::Store& store, const List& list, const filter::EntryFile& file, const std::string& source) {
  store::SpamLists lists{store.database()};
  if (!file.entries.empty()) {
    if (list.kind == ListKind::addresses) {
      if (auto done = lists.add_addresses(list.list, file.entries, typist()); !done) return done;
    } else if (auto done = lists.add_words(list.list, file.entries, typist()); !done) {
      return std::move(done).error();
    }
  }
  fmt::print("{} entries added\n", file.entries.size());
  if (list.kind == ListKind::addresses && list.list == AddressList::white) {
    std::int64_t released = 0;
    for (const auto& entry : file.entries) {
      const auto some = filter::release_all_of(store, entry, filter::Added::by_hand);
      if (!some) return some.error();
      released += *some;
    }
    if (released > 0) fmt::print("{} messages released from the quarantine\n", released);
  }
  for (const auto& bad : file.bad)
    fmt::print(stderr, "{}:{}: {}: {}\n", source, bad.line, printable(bad.text), bad.why);
  if (file.bad.empty()) return {};
  return error(Kind::bad_input, fmt::format("{} lines are no entries and were left out", file.bad.size()));
}

Result<void> add(store::Store& store, const Options& options) {
  filter::EntryFile file;
  std::size_t number = 0;
  for (const auto& word : options.entries) {
    ++number;
    const std::string entry{trim(word)};
    if (auto why = filter::objection_to_entry(options.list->kind, entry))
      file.bad.push_back({number, entry, *std::move(why)});
    else
      file.entries.push_back(entry);
  }
  if (!options.entries.empty()) return add_all(store, *options.list, file, "entry");
  auto text = read_all("-");
  if (!text) return std::move(text).error();
  return add_all(store, *options.list, filter::read_entries(options.list->kind, *text), "line");
}

Result<void> import_file(store::Store& store, const Options& options) {
  auto text = read_all(options.file);
  if (!text) return std::move(text).error();
  return add_all(store, *options.list, filter::read_entries(options.list->kind, *text),
                 options.file.empty() || options.file == "-" ? "line" : options.file);
}

Result<std::int64_t> remove_these(store::Store& store, const List& list, const std::vector<std::string>& entries) {
  store::SpamLists lists{store.database()};
  return list.kind == ListKind::addresses ? lists.remove_addresses(list.list, entries)
                                          : lists.remove_words(list.list, entries);
}

Result<void> remove(store::Store& store, const Options& options) {
  auto removed = remove_these(store, *options.list, options.entries);
  if (!removed) return std::move(removed).error();
  fmt::print("{} entries removed\n", *removed);
  if (*removed == 0) return error(Kind::not_found, "No such entry");
  return {};
}

/// Tells how many entries and some of them, and asks (spec 11 section 5.3).
Result<void> delete_where(store::Store& store, const Options& options) {
  store::SpamLists lists{store.database()};
  auto found = selected(lists, options);
  if (!found) return std::move(found).error();
  fmt::print("{} entries: {}\n", found->size(), joined(options.condition));
  for (std::size_t i = 0; i < found->size() && i < kExamples; ++i) fmt::print("  {}\n", found->at(i).entry);
  if (found->size() > kExamples) fmt::print("  ... and {} more\n", found->size() - kExamples);
  if (found->empty()) return {};
  if (!options.yes) {
    fmt::print("Delete them? (yes/no) ");
    std::fflush(stdout);
    std::string answer;
    std::getline(std::cin, answer);
    if (!same_word(trim(answer), "yes") && !same_word(trim(answer), "y"))
      return error(Kind::cancelled, "Nothing was deleted (--yes deletes without asking)");
  }
  std::vector<std::string> entries;
  for (const auto& one : *found) entries.push_back(one.entry);
  auto removed = remove_these(store, *options.list, entries);
  if (!removed) return std::move(removed).error();
  fmt::print("{} entries deleted\n", *removed);
  return {};
}

Result<void> export_file(store::Store& store, const Options& options) {
  store::SpamLists lists{store.database()};
  std::vector<std::string> entries;
  if (options.list->kind == ListKind::addresses) {
    auto all = lists.addresses(options.list->list);
    if (!all) return std::move(all).error();
    for (auto& one : *all) entries.push_back(std::move(one.entry));
  } else {
    auto words = lists.words(options.list->list);
    if (!words) return std::move(words).error();
    entries = *std::move(words);
  }
  const std::string text = filter::write_entries(entries);
  if (options.file.empty() || options.file == "-") {
    fmt::print("{}", text);
    return {};
  }
  std::ofstream out{options.file, std::ios::binary | std::ios::trunc};
  out << text;
  out.close();
  if (!out) return error(Kind::not_permitted, fmt::format("{} cannot be written", options.file));
  fmt::print("{} entries written\n", entries.size());
  return {};
}

void add_commands_of(CLI::App& of_list, Call& call, const List& list) {
  const auto options = std::make_shared<Options>();
  options->list = &list;
  const auto command = [&](const char* name, const char* says, Result<void> (*act)(store::Store&, const Options&)) {
    CLI::App* made = of_list.add_subcommand(name, says);
    made->callback([&call, options, act] {
      if (!options->file.empty() && options->file != "-") options->file = std::filesystem::absolute(options->file);
      with_store(call, [&](store::Store& store) { return act(store, *options); });
    });
    add_data_option(*made, call);
    return made;
  };
  const bool addresses = list.kind == ListKind::addresses;
  CLI::App* made = command("show", addresses ? "Entries with their history" : "All entries", show);
  if (addresses)
    made->add_option("--where", options->condition, "Only those for which this holds (see delete-where)")
        ->expected(1, 20);
  made = command("add", "Add entries: given here, or one a line on standard input", add);
  made->add_option("ENTRY", options->entries,
                   addresses ? "joe@example.com, fred.*@example.com or /expression/i"
                             : "text (found inside words too), cat*basket or /expression/i");
  command("remove", "Remove entries", remove)->add_option("ENTRY", options->entries)->required();
  if (addresses) {
    made = command("delete-where", "Delete the entries for which a condition holds, after asking", delete_where);
    made->add_option(
            "CONDITION", options->condition,
            "auto, manual, addcount<N, findcount<N, initiallyadded>AGE, lastadded>AGE, lastfound>AGE (days, or "
            "a number with h, d, w, m, y); several with `and` between them")
        ->required();
    made->add_flag("--yes", options->yes, "Delete without asking");
  }
  made = command("export", "Write the entries to a file, one a line", export_file);
  made->add_option("FILE", options->file, "Default: standard output");
  made = command("import", "Add the entries of a file, one a line; lines that begin with # do not count", import_file);
  made->add_option("FILE", options->file, "Default: standard input");
}

}  // namespace

void add_list_commands(CLI::App& app, Call& call) {
  CLI::App& all = *app.add_subcommand("list", "White and black lists of the spam filter")->require_subcommand(1);
  for (const List& list : kLists)
    add_commands_of(*all.add_subcommand(list.word, list.says)->require_subcommand(1), call, list);
}

}  // namespace pennypost::main_program
