// `pennypost rules ...`: checking, trying out and measuring spam-rule scripts (issue 3, tools). Needs no server and,
// but for the weights and settings of an installation (spec 11 sections 3.2 and 4), no database: DNS is answered from a
// file or not at all, the spam filter database and the lists live for one call.
#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <memory>
#include <sstream>

#include <fmt/format.h>

#include "ruleinterp/compile.h"
#include "ruleinterp/machine.h"
#include "ruleinterp/text.h"
#include "ruleinterp/tools/format.h"
#include "ruleinterp/tools/lsp.h"
#include "ruleinterp/tools/manual.h"
#include "ruleinterp/tools/memory_services.h"
#include "ruleinterp/tools/reports.h"
#include "ruleinterp/tools/words.h"
#include "server/base/text.h"
#include "server/filter/mail_view.h"
#include "server/filter/services.h"
#include "server/main/command.h"
#include "server/message/parse.h"

namespace pennypost::main_program {
namespace {

namespace fs = std::filesystem;
namespace rules = pennypost::ruleinterp;

// What the subcommands take; lives as long as the CLI.
struct Options {
  std::string scripts;
  bool strict = false, json = false, trace = false, pop3 = false, in_place = false, one_by_one = false;
  std::string message, messages, dns;
  bool reset_all = false;
  std::vector<std::string> set, reset;
  std::vector<std::string> variables, recipients, whitelist, blacklist, files;
  std::size_t top = 40;
};

std::optional<std::string> read_file(const fs::path& path) {
  std::ifstream in(path, std::ios::binary);
  std::ostringstream text;
  std::error_code none;
  if (!in || fs::is_directory(path, none)) return {};
  if (in.peek() != std::ifstream::traits_type::eof()) text << in.rdbuf();  // which fails where there is nothing
  if (in.bad() || !text) return {};
  return std::move(text).str();
}

// The folder of scripts and the main file in it: DIR, or DIR/other.txt.
struct Scripts {
  rules::ScriptFolder source;
  std::string main;
};

Scripts scripts_at(const std::string& path) {
  const fs::path given{path};
  std::error_code none;
  if (fs::is_regular_file(given, none))
    return {rules::ScriptFolder{given.has_parent_path() ? given.parent_path() : fs::path{"."}},
            given.filename().string()};
  return {rules::ScriptFolder{given}, std::string{rules::kMainFile}};
}

void print_problems(const std::vector<rules::Problem>& problems) {
  for (const rules::Problem& problem : problems) fmt::print(stderr, "{}", rules::describe(problem));
}

// The program at `path`; null, with the problems on standard error, when it does not compile.
std::shared_ptr<const rules::Program> program_at(const Options& options, Call& call,
                                                 std::vector<rules::Problem>& problems) {
  Scripts scripts = scripts_at(options.scripts);
  std::vector<std::string> given;
  for (const std::string& variable : options.variables) given.push_back(variable.substr(0, variable.find('=')));
  rules::Compiled compiled = rules::compile_from(
      scripts.source, options.strict ? rules::Strictness::strict : rules::Strictness::lenient, scripts.main, given);
  problems = std::move(compiled.problems);
  if (!compiled.program) {
    call.exit = Exit::failed;
    return nullptr;
  }
  if (options.one_by_one) {
    // The same program, but every search is tried: to compare results and times.
    auto whole = std::const_pointer_cast<rules::Program>(compiled.program);
    whole->prefilters.switch_off();
  }
  return compiled.program;
}

// Services for one call.
struct Services {
  rules::MemoryDatabase database;
  rules::MemoryLists lists;
  std::unique_ptr<rules::ZoneFile> dns;
  rules::Host host;
};

bool prepare(Services& services, const Options& options, Call& call) {
  services.host.database = &services.database;
  services.host.lists = &services.lists;
  for (const std::string& entry : options.whitelist) services.lists.add(rules::List::white, entry);
  for (const std::string& entry : options.blacklist) services.lists.add(rules::List::black, entry);
  if (options.dns.empty()) return true;
  const auto text = read_file(options.dns);
  if (!text) {
    fail(call, error(Kind::not_found, fmt::format("{} cannot be read", options.dns)));
    return false;
  }
  std::vector<rules::Problem> problems;
  services.dns = std::make_unique<rules::ZoneFile>(*text, options.dns, problems);
  services.host.dns = services.dns.get();
  print_problems(problems);
  if (!problems.empty()) call.exit = Exit::failed;
  return problems.empty();
}

void check(const Options& options, Call& call) {
  std::vector<rules::Problem> problems;
  const auto program = program_at(options, call, problems);
  if (options.json) {
    fmt::print("{}\n", rules::problems_json(problems));
    return;
  }
  for (const rules::Problem& problem : problems) fmt::print("{}", rules::describe(problem));
  const auto errors =
      std::ranges::count_if(problems, [](const rules::Problem& p) { return p.severity == rules::Severity::error; });
  fmt::print("{} errors, {} warnings", errors, static_cast<std::ptrdiff_t>(problems.size()) - errors);
  if (program)
    fmt::print("; {} files, {} instructions, {} rules, {} settings, {} constant searches", program->files.size(),
               program->code.size(), program->rules.size(), program->settings.size(), program->patterns.size());
  fmt::print("\n");
}

void run(const Options& options, Call& call) {
  std::vector<rules::Problem> problems;
  const auto program = program_at(options, call, problems);
  if (!program) {
    print_problems(problems);
    if (options.json) {
      rules::Outcome nothing;  // the same object as ever
      nothing.ended = rules::Ended::not_begun;
      nothing.warnings = std::move(problems);
      fmt::print("{}\n", rules::to_json(nothing));
    }
    return;
  }
  Services services;
  if (!prepare(services, options, call)) return;
  const auto raw = read_file(options.message);
  if (!raw) return fail(call, error(Kind::not_found, fmt::format("{} cannot be read", options.message)));
  const message::Message message = message::parse(*raw);
  const filter::MailView mail{message};
  rules::Envelope envelope;
  envelope.arrival = options.pop3 ? rules::Arrival::pop3 : rules::Arrival::smtp;
  envelope.recipients = options.recipients.empty() ? filter::recipients_in_header(mail) : options.recipients;
  rules::Run running{*program, mail, envelope, services.host, {}};
  for (const std::string& variable : options.variables) {
    const std::size_t equals = variable.find('=');
    if (equals == std::string::npos || equals == 0)
      return fail(call, error(Kind::bad_input, fmt::format("--var {}: NAME=VALUE is expected", variable)));
    running.preset(std::string_view{variable}.substr(0, equals), std::string_view{variable}.substr(equals + 1));
  }
  if (options.trace) running.trace();
  rules::Outcome outcome = running.execute();
  outcome.warnings.insert(outcome.warnings.begin(), problems.begin(), problems.end());
  fmt::print("{}", options.json ? rules::to_json(outcome) + "\n" : rules::describe(outcome));
  if (rules::is_limit(outcome.ended)) call.exit = Exit::failed;  // the script was broken off
}

// All files below a folder, in the order of their names.
std::vector<fs::path> message_files(const fs::path& folder) {
  std::vector<fs::path> files;
  std::error_code error;
  for (const auto& entry : fs::recursive_directory_iterator(folder, error))
    if (entry.is_regular_file(error)) files.push_back(entry.path());
  std::ranges::sort(files);
  return files;
}

// Runs the program on every message of the folder; none when there is nothing to run.
std::optional<rules::Measured> measure_all(const Options& options, Call& call,
                                           std::shared_ptr<const rules::Program>& program) {
  std::vector<rules::Problem> problems;
  program = program_at(options, call, problems);
  print_problems(problems);
  Services services;
  if (!program || !prepare(services, options, call)) return {};
  const auto files = message_files(options.messages);
  if (files.empty()) {
    fail(call, error(Kind::not_found, fmt::format("There are no messages in {}", options.messages)));
    return {};
  }
  program->prefilters.prepare();
  rules::Measured measured = rules::measuring(*program);
  // Parsing and decoding belong to the cost, and a mail view keeps what it decoded: each run gets its own.
  struct ParsedMail {
    explicit ParsedMail(std::string_view octets) : message{message::parse(octets)}, view{message} {}
    message::Message message;
    filter::MailView view;
  };
  for (const bool lines : {false, true}) {
    for (const fs::path& file : files) {
      const auto raw = read_file(file);
      if (!raw) continue;
      rules::Envelope envelope;
      envelope.recipients = filter::recipients_in_header(ParsedMail{*raw}.view);
      if (lines) {
        rules::measure_lines(*program, ParsedMail{*raw}.view, envelope, services.host, {}, measured);
        continue;
      }
      const auto mail = [&]() -> std::shared_ptr<const rules::Mail> {
        const auto parsed = std::make_shared<const ParsedMail>(*raw);
        return {parsed, &parsed->view};
      };
      rules::measure_time(*program, mail, envelope, services.host, {}, measured);
    }
  }
  return measured;
}

void profile(const Options& options, Call& call) {
  std::shared_ptr<const rules::Program> program;
  if (const auto measured = measure_all(options, call, program))
    fmt::print("{}", rules::profile_report(*program, *measured, options.top));
}

void coverage(const Options& options, Call& call) {
  std::shared_ptr<const rules::Program> program;
  if (const auto measured = measure_all(options, call, program))
    fmt::print("{}", rules::coverage_report(*program, *measured));
}

void format(const Options& options, Call& call) {
  std::vector<fs::path> files;
  std::error_code none;
  for (const std::string& given : options.files) {
    if (!fs::is_directory(given, none)) {
      files.emplace_back(given);
      continue;
    }
    for (const auto& entry : fs::directory_iterator(given, none))
      if (entry.is_regular_file(none) && rules::equal_ignoring_case(entry.path().extension().string(), ".txt") &&
          rules::starts_ignoring_case(entry.path().filename().string(), "spamrules"))
        files.push_back(entry.path());
  }
  std::ranges::sort(files);
  for (const fs::path& file : files) {
    const auto text = read_file(file);
    if (!text) return fail(call, error(Kind::not_found, fmt::format("{} cannot be read", file.string())));
    const std::string formatted = rules::format_script(*text);
    if (!options.in_place) {
      fmt::print("{}", formatted);
      continue;
    }
    if (formatted == *text) continue;
    const fs::path fresh = file.string() + ".new";
    std::ofstream out(fresh, std::ios::binary);
    out << formatted;
    out.close();
    if (!out) return fail(call, error(Kind::disk_full, fmt::format("{} cannot be written", fresh.string())));
    fs::rename(fresh, file);
    fmt::print("{}\n", file.string());
  }
}

// The program of DIR, or of the installation's own folder; null, with the problems told.
std::shared_ptr<const rules::Program> installed_program(const Options& options, Call& call) {
  Options at = options;
  if (at.scripts.empty()) at.scripts = (call.data / "spamrules").string();
  std::vector<rules::Problem> problems;
  auto program = program_at(at, call, problems);
  if (!program) print_problems(problems);
  return program;
}

std::string numbers(const std::vector<double>& weights) {
  std::string out;
  for (const double weight : weights) out += fmt::format("{}{:g}", out.empty() ? "" : " ", weight);
  return out;
}

// NAME=VALUE of --set; an empty name is an error.
Result<std::pair<std::string, std::string>> assignment(const std::string& text) {
  const auto equals = text.find('=');
  if (equals == std::string::npos || equals == 0)
    return error(Kind::bad_input, fmt::format("--set {}: NAME=VALUE is expected", text));
  return std::pair{text.substr(0, equals), text.substr(equals + 1)};
}

const rules::Rule* rule_named(const rules::Program& program, std::string_view name) {
  const auto found = std::ranges::find_if(
      program.rules, [&](const rules::Rule& rule) { return rules::equal_ignoring_case(rule.name, name); });
  return found == program.rules.end() ? nullptr : &*found;
}

Result<void> set_weights(store::Store& store, const rules::Program& program, const Options& options) {
  for (const std::string& text : options.set) {
    const auto wish = assignment(text);
    if (!wish) return wish.error();
    const rules::Rule* rule = rule_named(program, wish->first);
    if (rule == nullptr) return error(Kind::not_found, fmt::format("{}: the scripts have no such rule", wish->first));
    const auto words = split_words(wish->second);
    for (const std::string_view word : words)
      if (!rules::as_number(word))
        return error(Kind::bad_input, fmt::format("{}: '{}' is no number", wish->first, word));
    if (words.empty()) return error(Kind::bad_input, fmt::format("{}: a weight is expected", wish->first));
    if (auto done = store.settings().set(filter::weight_key(rule->name), wish->second); !done) return done;
  }
  return {};
}

// Back to the script's own, one or all: what is not stored is no error.
Result<void> forget(store::Store& store, const std::vector<std::string>& keys) {
  for (const std::string& key : keys)
    if (auto done = store.settings().unset(key); !done && done.error().kind != Kind::not_found) return done;
  return store.settings().reload();
}

Result<void> show_weights(store::Store& store, const rules::Program& program, const Options& options) {
  std::vector<std::string> keys;
  for (const auto& name : options.reset) {
    if (rule_named(program, name) == nullptr && !store.settings().text(filter::weight_key(name)))
      return error(Kind::not_found, fmt::format("{}: the scripts have no such rule", name));
    keys.push_back(filter::weight_key(name));
  }
  if (options.reset_all)
    for (const rules::Rule& rule : program.rules) keys.push_back(filter::weight_key(rule.name));
  if (auto done = forget(store, keys); !done) return done;
  if (auto done = set_weights(store, program, options); !done) return done;
  if (auto done = store.settings().reload(); !done) return done;
  filter::StoredChoices choices{store.settings()};
  for (const rules::Rule& rule : program.rules) {
    const auto own = choices.weights(rule.name);
    fmt::print("{:<20} {:<14} ({})  {}{}\n", rule.name, numbers(own.value_or(rule.weights)), numbers(rule.weights),
               rule.description, rule.defined ? "" : "no DefineRule");
  }
  return {};
}

Result<void> show_settings(store::Store& store, const rules::Program& program, const Options& options) {
  std::vector<std::string> keys;
  for (const auto& name : options.reset) keys.push_back(filter::script_setting_key(name));
  if (options.reset_all)
    for (const auto& setting : program.settings) keys.push_back(filter::script_setting_key(setting.name));
  if (auto done = forget(store, keys); !done) return done;
  for (const std::string& text : options.set) {
    const auto wish = assignment(text);
    if (!wish) return wish.error();
    const auto known = std::ranges::find_if(program.settings, [&](const rules::SettingDefinition& one) {
      return rules::equal_ignoring_case(one.name, wish->first);
    });
    if (known == program.settings.end())
      return error(Kind::not_found, fmt::format("{}: the scripts have no such setting", wish->first));
    if (auto done = store.settings().set(filter::script_setting_key(known->name), wish->second); !done) return done;
  }
  if (auto done = store.settings().reload(); !done) return done;
  filter::StoredChoices choices{store.settings()};
  for (const auto& setting : program.settings)
    fmt::print("{:<20} {:<14} ({})  {}\n", setting.name,
               "\"" + choices.setting(setting.name).value_or(setting.fallback) + "\"", setting.fallback,
               setting.description);
  return {};
}

// The program is read before the store is opened: opening may give up the right to read somebody's folder.
void weights(const Options& options, Call& call) {
  call.data = fs::absolute(call.data);
  if (const auto program = installed_program(options, call))
    with_store(call, [&](store::Store& store) { return show_weights(store, *program, options); });
}

void settings(const Options& options, Call& call) {
  call.data = fs::absolute(call.data);
  if (const auto program = installed_program(options, call))
    with_store(call, [&](store::Store& store) { return show_settings(store, *program, options); });
}

void manual(const Options&, Call&) { fmt::print("{}", rules::manual_of_words()); }

void lsp(const Options&, Call& call) {
  if (rules::serve_editor(std::cin, std::cout) != 0) call.exit = Exit::failed;
}

void words(const Options& options, Call& call) {
  Scripts scripts = scripts_at(options.scripts);
  const rules::Script script = rules::load(scripts.source, scripts.main);
  if (script.files.empty()) {
    print_problems(script.problems);
    call.exit = Exit::failed;
    return;
  }
  const rules::Words found = rules::words_of(script);
  fmt::print("{}", options.json ? rules::to_json(found) + "\n" : rules::describe(found));
}

}  // namespace

void add_rules_commands(CLI::App& app, Call& call) {
  CLI::App& all = *app.add_subcommand("rules", "Spam-rule scripts: check, try out, measure");
  all.require_subcommand(1);
  const auto options = std::make_shared<Options>();
  const auto command = [&](const char* name, const char* says, void (*act)(const Options&, Call&)) {
    CLI::App* made = all.add_subcommand(name, says);
    made->callback([&call, options, act] { act(*options, call); });
    return made;
  };
  const auto takes_scripts = [&](CLI::App* made) {
    made->add_option("DIR", options->scripts, "The folder with spamrules.txt, or another main file")->required();
    return made;
  };
  const auto takes_messages = [&](CLI::App* made) {
    made->add_option("--messages", options->messages, "A folder of messages, one a file")->required();
    made->add_option("--dns", options->dns, "A file of lines `name TYPE value` that answers all look-ups");
    made->add_flag("--one-by-one", options->one_by_one, "Try every search by itself instead of many in one pass");
  };

  CLI::App* made = takes_scripts(command("check", "Show all problems of the scripts", check));
  made->add_flag("--strict", options->strict, "An unknown statement is an error");
  made->add_flag("--json", options->json, "One JSON object");

  made = takes_scripts(command("run", "Run the scripts on one message", run));
  made->add_option("--message", options->message, "The message (RFC 5322)")->required();
  made->add_option("--var", options->variables, "NAME=VALUE: gives a variable its value, such as MailFrom or SenderIP");
  made->add_option("--recipient", options->recipients, "A recipient of the envelope (default: To, Cc, Bcc)");
  made->add_option("--whitelist", options->whitelist, "An entry of the address whitelist");
  made->add_option("--blacklist", options->blacklist, "An entry of the address blacklist");
  made->add_option("--dns", options->dns, "A file of lines `name TYPE value` that answers all look-ups");
  made->add_flag("--pop3", options->pop3, "The message was collected, so Reject does nothing");
  made->add_flag("--trace", options->trace, "Show each executed line with what it read and wrote");
  made->add_flag("--strict", options->strict, "An unknown statement is an error");
  made->add_flag("--json", options->json, "One JSON object");

  made = takes_scripts(command("profile", "Time and hits of each line over many messages", profile));
  takes_messages(made);
  made->add_option("--top", options->top, "How many lines to show");
  takes_messages(takes_scripts(command("coverage", "Lines never reached, rules that never fire", coverage)));

  made = command("format", "Write scripts anew: indentation, spaces, spelling of words", format);
  made->add_option("FILES", options->files, "Files, or folders of spamrules*.txt")->required();
  made->add_flag("--in-place", options->in_place, "Replace the files and print the names of those that changed");

  const auto takes_choices = [&](CLI::App* of, const char* value) {
    of->add_option("DIR", options->scripts, "The folder with spamrules.txt (default: that of the installation)");
    of->add_option("--set", options->set, value)->allow_extra_args(false);
    of->add_option("--reset", options->reset, "NAME: back to the script's own")->allow_extra_args(false);
    of->add_flag("--reset-all", options->reset_all, "All back to the script's own");
    add_data_option(*of, call);
  };
  takes_choices(command("weights", "The rules with their weights, (defaults) and descriptions; change them", weights),
                "NAME=\"0.5 1\": a weight for each bank");
  takes_choices(
      command("options", "The settings of the scripts with values, (defaults), descriptions; change them", settings),
      "NAME=VALUE: any text, which is not checked");

  command("lsp", "A language server for editors, on standard input and output", lsp);
  command("manual", "Print the reference part of docs/rules.md", manual);
  made = takes_scripts(command("words", "Every word that the scripts use, with the unknown ones marked", words));
  made->add_flag("--json", options->json, "One JSON object");
}

}  // namespace pennypost::main_program
