// `pennypost rules lsp` (issue 3, tools): the protocol over standard input and output, headers with Content-Length,
// then JSON. Columns of the protocol count UTF-16 units, those of problems octets.
#include "ruleinterp/tools/lsp.h"

#include <algorithm>
#include <filesystem>
#include <istream>
#include <ostream>

#include <Poco/JSON/Object.h>
#include <Poco/JSON/Parser.h>
#include <Poco/URI.h>
#include <fmt/format.h>

#include "ruleinterp/compile.h"
#include "ruleinterp/text.h"
#include "ruleinterp/tools/manual.h"

namespace pennypost::ruleinterp {
namespace {

namespace fs = std::filesystem;

std::string path_of(const std::string& uri) {
  if (!uri.starts_with("file://")) return uri;
  std::string path;
  Poco::URI::decode(uri.substr(7), path);
  return path;
}

// The folder of a document, with the open documents before the files.
class OpenFirst final : public ScriptSource {
 public:
  OpenFirst(const fs::path& folder, const std::map<std::string, std::string>& open) : folder_{folder}, files_{folder} {
    for (const auto& [uri, text] : open) {
      const fs::path path{path_of(uri)};
      if (path.parent_path() == folder_) texts_.set(path.filename().string(), text);
    }
  }
  std::optional<Found> read(std::string_view name) override {
    if (auto found = texts_.read(name)) return found;
    return files_.read(name);
  }

 private:
  fs::path folder_;
  ScriptFolder files_;
  ScriptTexts texts_;
};

std::string_view line_at(std::string_view text, std::size_t line) {
  const auto lines = split_lines(text);
  return line < lines.size() ? lines[line] : std::string_view{};
}

std::size_t units_of(char lead) {
  const auto octet = static_cast<unsigned char>(lead);
  return (octet & 0xC0) == 0x80 ? 0 : octet >= 0xF0 ? 2 : 1;
}

// UTF-16 units in the first octets of a line, and the other way round.
std::size_t units_before(std::string_view line, std::size_t octets) {
  std::size_t units = octets > line.size() ? octets - line.size() : 0;
  for (const char c : line.substr(0, octets)) units += units_of(c);
  return units;
}

std::size_t octets_before(std::string_view line, std::size_t units) {
  std::size_t octets = 0;
  for (std::size_t seen = 0; octets < line.size(); ++octets) {
    seen += units_of(line[octets]);
    if (seen > units) break;
  }
  return octets;
}

// The word around a place: letters, digits and what names are made of.
std::string_view word_at(std::string_view line, std::size_t character) {
  character = octets_before(line, character);
  const auto part = [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || c == '-' ||
           c == '*';
  };
  std::size_t begin = std::min(character, line.size()), end = begin;
  while (begin > 0 && part(line[begin - 1])) --begin;
  while (end < line.size() && part(line[end])) ++end;
  return line.substr(begin, end - begin);
}

std::string range(std::size_t line, std::size_t from, std::size_t to) {
  return fmt::format("{{\"start\":{{\"line\":{0},\"character\":{1}}},\"end\":{{\"line\":{0},\"character\":{2}}}}}",
                     line, from, to);
}

std::string error_reply(const std::string& id, int code, std::string_view text) {
  return fmt::format("{{\"jsonrpc\":\"2.0\",\"id\":{},\"error\":{{\"code\":{},\"message\":{}}}}}", id, code,
                     json_text(text));
}

constexpr std::string_view kCapabilities =
    "{\"capabilities\":{\"textDocumentSync\":1,\"hoverProvider\":true,\"definitionProvider\":true,"
    "\"completionProvider\":{\"triggerCharacters\":[\"{\"]}},\"serverInfo\":{\"name\":\"pennypost rules\"}}";

}  // namespace

std::vector<std::string> LanguageServer::handle(const std::string& message) {
  std::string id = "null";
  try {
    const auto parsed = Poco::JSON::Parser{}.parse(message);
    if (parsed.type() != typeid(Poco::JSON::Object::Ptr))
      return {error_reply(id, -32600, "a message is one JSON object")};
    const auto object = parsed.extract<Poco::JSON::Object::Ptr>();
    const bool request = object->has("id") && !object->isNull("id");
    if (request) {
      const auto raw = object->get("id");
      id = raw.isString() ? json_text(raw.convert<std::string>()) : raw.convert<std::string>();
    }
    const auto method = object->optValue<std::string>("method", "");
    const auto params = object->has("params") ? object->getObject("params") : nullptr;
    const auto document = params ? params->getObject("textDocument") : nullptr;
    const std::string uri = document ? document->optValue<std::string>("uri", "") : "";
    const auto result = [&](std::string_view value) {
      return std::vector{fmt::format("{{\"jsonrpc\":\"2.0\",\"id\":{},\"result\":{}}}", id, value)};
    };
    const auto position = params ? params->getObject("position") : nullptr;
    const auto number = [&](const char* name) {
      return position ? static_cast<std::size_t>(std::max(0, position->optValue<int>(name, 0))) : 0;
    };
    if (method == "initialize") return result(kCapabilities);
    if (method == "shutdown") {
      shut_down_ = true;
      return result("null");
    }
    if (method == "exit") {
      ended_ = true;
      return {};
    }
    if (method == "textDocument/didOpen" && document) {
      open_[uri] = document->optValue<std::string>("text", "");
      return diagnostics_of(uri);
    }
    if (method == "textDocument/didChange" && document) {
      const auto changes = params->getArray("contentChanges");
      if (changes && changes->size() > 0)
        open_[uri] = changes->getObject(static_cast<unsigned>(changes->size() - 1))->optValue<std::string>("text", "");
      return diagnostics_of(uri);
    }
    if (method == "textDocument/didClose") {
      open_.erase(uri);
      return {
          fmt::format("{{\"jsonrpc\":\"2.0\",\"method\":\"textDocument/publishDiagnostics\",\"params\":{{\"uri\":{},"
                      "\"diagnostics\":[]}}}}",
                      json_text(uri))};
    }
    if (method == "textDocument/hover") return result(hover(uri, number("line"), number("character")));
    if (method == "textDocument/completion") return result(completion(uri, number("line"), number("character")));
    if (method == "textDocument/definition") return result(definition(uri, number("line"), number("character")));
    if (!request) return {};  // a notification that does not concern us
    return {error_reply(id, -32601, "unknown method " + method)};
  } catch (const Poco::Exception& wrong) {
    return {error_reply(id, -32700, wrong.displayText())};
  } catch (const std::exception& wrong) {
    return {error_reply(id, -32603, wrong.what())};
  }
}

std::vector<std::string> LanguageServer::diagnostics_of(const std::string& uri) {
  const fs::path path{path_of(uri)};
  const std::string name = path.filename().string();
  OpenFirst source{path.parent_path(), open_};
  // A part of the installation's script is judged within it; anything else by itself.
  Script script = load(source);
  const auto is_here = [&](const auto& file) { return equal_ignoring_case(file->name, name); };
  if (std::ranges::none_of(script.files, is_here)) script = load(source, name);
  const Compiled compiled = compile(script);
  std::string list;
  for (const Problem& problem : compiled.problems) {
    if (!equal_ignoring_case(problem.file, name)) continue;
    const std::size_t line = problem.line > 0 ? problem.line - 1 : 0;
    const std::size_t from = problem.column > 0 ? problem.column - 1 : 0;
    std::string text = problem.text;
    if (!problem.expected.empty()) text += "; expected " + problem.expected;
    if (!problem.suggestion.empty()) text += "; did you mean " + problem.suggestion + "?";
    list += fmt::format(
        "{}{{\"range\":{},\"severity\":{},\"source\":\"rules\",\"message\":{}}}", list.empty() ? "" : ",",
        range(line, units_before(problem.source, from), units_before(problem.source, from + problem.length)),
        problem.severity == Severity::error ? 1 : 2, json_text(text));
  }
  return {
      fmt::format("{{\"jsonrpc\":\"2.0\",\"method\":\"textDocument/publishDiagnostics\",\"params\":{{\"uri\":{},"
                  "\"diagnostics\":[{}]}}}}",
                  json_text(uri), list)};
}

std::string LanguageServer::hover(const std::string& uri, std::size_t line, std::size_t character) const {
  const auto text = open_.find(uri);
  if (text == open_.end()) return "null";
  const std::string manual = manual_of(word_at(line_at(text->second, line), character));
  if (manual.empty()) return "null";
  return fmt::format("{{\"contents\":{{\"kind\":\"markdown\",\"value\":{}}}}}", json_text(manual));
}

std::string LanguageServer::completion(const std::string& uri, std::size_t line, std::size_t character) const {
  const auto text = open_.find(uri);
  if (text == open_.end()) return "[]";
  const std::string_view whole = line_at(text->second, line);
  const std::string_view before = whole.substr(0, octets_before(whole, character));
  std::string items;
  const auto add = [&](std::string_view word, int kind, std::string_view says) {
    items += fmt::format("{}{{\"label\":{},\"kind\":{},\"detail\":{}}}", items.empty() ? "" : ",", json_text(word),
                         kind, json_text(says));
  };
  const std::size_t dollar = before.rfind("${");
  if (dollar != std::string_view::npos && before.find('}', dollar) == std::string_view::npos) {
    for (const Builtin& b : builtins()) add(b.word, 6, b.says);
  } else if (trim(before).find_first_of(" \t") == std::string_view::npos &&
             (before.empty() || before.back() != ' ' || trim(before).empty())) {
    for (const Statement& s : statements()) add(s.word, 14, form_of(s));
    for (const Selector& s : selectors()) add(s.word, 20, s.says);
  } else {
    const std::string_view first = trim(before).substr(0, trim(before).find_first_of(" \t"));
    if (first.starts_with("${")) {
      for (const Function& f : functions()) add(f.word, 3, f.says);
    } else if (equal_ignoring_case(first, "ForEach")) {
      for (const LoopType& t : loop_types()) add(t.word, 20, t.says);
    } else {
      for (const Selector& s : selectors()) add(s.word, 20, s.says);
    }
  }
  return "[" + items + "]";
}

std::string LanguageServer::definition(const std::string& uri, std::size_t line, std::size_t character) const {
  const auto text = open_.find(uri);
  if (text == open_.end()) return "null";
  const std::string_view word = word_at(line_at(text->second, line), character);
  const fs::path path{path_of(uri)};
  OpenFirst source{path.parent_path(), open_};
  Script script = load(source);
  if (std::ranges::none_of(script.files,
                           [&](const auto& f) { return equal_ignoring_case(f->name, path.filename().string()); }))
    script = load(source, path.filename().string());
  for (const ScriptLine& found : script.lines) {
    if (found.line.kind != LineKind::label || !equal_ignoring_case(found.line.words[0].text, word)) continue;
    std::string target;
    Poco::URI::encode((path.parent_path() / script.files[found.file]->name).string(), " ?#%", target);
    const Word& name = found.line.words[0];
    return fmt::format("{{\"uri\":{},\"range\":{}}}", json_text("file://" + target),
                       range(found.line.number - 1, name.column - 1, name.column - 1 + name.length));
  }
  return "null";
}

int serve_editor(std::istream& in, std::ostream& out) {
  LanguageServer server;
  while (!server.ended()) {
    std::size_t length = 0;
    std::string header;
    while (std::getline(in, header) && header != "\r" && !header.empty()) {
      if (!starts_ignoring_case(header, "Content-Length:")) continue;
      length = static_cast<std::size_t>(std::max(0.0, leading_number(std::string_view{header}.substr(15))));
    }
    if (!in) return 0;
    if (length == 0 || length > kLspMessage) return 1;
    std::string message(length, '\0');
    if (!in.read(message.data(), static_cast<std::streamsize>(length))) return 1;
    for (const std::string& reply : server.handle(message))
      out << "Content-Length: " << reply.size() << "\r\n\r\n" << reply << std::flush;
  }
  return server.was_shut_down() ? 0 : 1;
}

}  // namespace pennypost::ruleinterp
