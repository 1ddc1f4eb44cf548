// Session files to Session: grammar.h says what is written, this file what it means. Nothing here touches the network.
// A file that does not follow the grammar gives one Problem with its place; nothing of such a file is played.
// Source: docs/conformance.md.
#include <charconv>
#include <fstream>
#include <sstream>

#include <tao/pegtl/contrib/parse_tree.hpp>

#include "conformance/player/messages.h"
#include "conformance/player/session.h"

namespace pennypost::conformance {
namespace {

namespace g = grammar;
using Node = tao::pegtl::parse_tree::node;

template <typename Rule>
using selector = tao::pegtl::parse_tree::selector<
    Rule, tao::pegtl::parse_tree::store_content::on<
              g::name, g::capture_name, g::digits, g::rest, g::escape, g::expression, g::plain_run, g::word_run,
              g::quoted_run, g::choice_run, g::angle, g::server_run, g::client_text, g::word_text, g::quoted_text,
              g::block_text, g::server_text, g::pattern, g::any, g::number, g::word, g::date, g::maildate, g::string,
              g::string_of, g::value_template, g::fold, g::flags, g::flags_at_least, g::regex, g::all, g::choice,
              g::value, g::connection, g::next_line, g::octets, g::mark, g::client_line, g::server_line, g::flag_list,
              g::date_text, g::protocol_word, g::time_unit, g::duration, g::tls_word, g::off_word, g::octet_word,
              g::connect, g::start_tls, g::closed, g::close, g::half_close, g::pause, g::quiet, g::pace, g::let,
              g::account, g::make_folder, g::message, g::arrived, g::yes, g::no, g::protocol_header, g::source_header,
              g::rfc_header, g::skip_header, g::skip_reason, g::title, g::section>>;

std::string unescaped(std::string_view written) {
  switch (written[1]) {
    case 'r':
      return "\r";
    case 'n':
      return "\n";
    case 't':
      return "\t";
    case '0':
      return std::string(1, '\0');
    case 'x': {
      int octet = 0;
      std::from_chars(written.data() + 2, written.data() + 4, octet, 16);
      return std::string(1, static_cast<char>(octet));
    }
    default:
      return std::string{written[1]};
  }
}

/// `\>` within a value is a plain `>`; every other backslash belongs to the value (an expression, a flag).
std::string without_escaped_angles(std::string_view value) {
  std::string out;
  for (std::size_t i = 0; i < value.size(); ++i) {
    if (value[i] == '\\' && i + 1 < value.size() && value[i + 1] == '>') continue;
    out += value[i];
  }
  return out;
}

Template make_template(const Node& text);

Part make_pattern(const Node& node) {
  Part part;
  for (const auto& child : node.children) {
    const auto value = [&child] {
      return child->children.empty() ? std::string{} : without_escaped_angles(child->children[0]->string_view());
    };
    if (child->is_type<g::capture_name>()) part.capture = child->string();
    if (child->is_type<g::any>()) part.form = Form::any;
    if (child->is_type<g::number>()) part.form = Form::number;
    if (child->is_type<g::word>()) part.form = Form::word;
    if (child->is_type<g::date>()) part.form = Form::date;
    if (child->is_type<g::maildate>()) part.form = Form::maildate;
    if (child->is_type<g::string>()) part.form = Form::string;
    if (child->is_type<g::string_of>()) {
      part.form = Form::string;
      part.choices.push_back(make_template(*child->children[0]));
    }
    if (child->is_type<g::fold>()) part = {Form::fold, value(), part.capture, {}};
    if (child->is_type<g::flags>()) part = {Form::flags, value(), part.capture, {}};
    if (child->is_type<g::flags_at_least>()) part = {Form::flags_at_least, value(), part.capture, {}};
    if (child->is_type<g::regex>()) part = {Form::regex, value(), part.capture, {}};
    if (child->is_type<g::all>()) {
      part.form = Form::all;
      for (const auto& choice : child->children) part.choices.push_back(make_template(*choice));
    }
  }
  return part;
}

Template make_template(const Node& text) {
  Template out;
  const auto literal = [&out](const std::string& octets) {
    if (out.empty() || out.back().form != Form::literal) out.push_back({});
    out.back().text += octets;
  };
  for (const auto& child : text.children) {
    if (child->is_type<g::escape>())
      literal(unescaped(child->string_view()));
    else if (child->is_type<g::expression>())
      out.push_back({Form::substitute, child->string(), {}, {}});
    else if (child->is_type<g::pattern>())
      out.push_back(make_pattern(*child));
    else
      literal(child->string());
  }
  return out;
}

/// What the children of a statement hold, each kind at most once (but for the lines of a block).
struct Pieces {
  std::string connection;
  std::vector<std::string> names;
  std::optional<Protocol> protocol;
  std::optional<std::chrono::milliseconds> time;
  std::optional<Template> text;    ///< of `=` or of the block
  std::optional<Template> folder;  ///< also the word after the name of an account
  std::string flags;
  std::string date;
  std::uint64_t count = 0;
  bool tls = false;
  bool octetwise = false;
};

Protocol protocol_of(std::string_view written) {
  return written == "smtp" ? Protocol::smtp : written == "pop3" ? Protocol::pop3 : Protocol::imap;
}

std::uint64_t number_of(std::string_view written) {
  std::uint64_t out = 0;
  std::from_chars(written.data(), written.data() + written.size(), out);
  return out;
}

Pieces pieces_of(const Node& statement) {
  Pieces out;
  for (const auto& child : statement.children) {
    if (child->is_type<g::connection>() && !child->children.empty()) out.connection = child->children[0]->string();
    if (child->is_type<g::name>()) out.names.push_back(child->string());
    if (child->is_type<g::protocol_word>()) out.protocol = protocol_of(child->string_view());
    if (child->is_type<g::duration>()) {
      const auto amount = number_of(child->children[0]->string_view());
      out.time = std::chrono::milliseconds{child->children[1]->string_view() == "s" ? amount * 1000 : amount};
    }
    if (child->is_type<g::client_text>() || child->is_type<g::server_text>()) out.text = make_template(*child);
    if (child->is_type<g::block_text>()) {
      if (!out.text) out.text.emplace();
      const auto line = make_template(*child);
      out.text->insert(out.text->end(), line.begin(), line.end());
      out.text->push_back({Form::literal, "\r\n", {}, {}});
    }
    if (child->is_type<g::word_text>() || child->is_type<g::quoted_text>()) out.folder = make_template(*child);
    if (child->is_type<g::flag_list>()) out.flags = child->string();
    if (child->is_type<g::date_text>()) out.date = child->string();
    if (child->is_type<g::digits>()) out.count = number_of(child->string_view());
    if (child->is_type<g::tls_word>()) out.tls = true;
    if (child->is_type<g::octet_word>()) out.octetwise = true;
  }
  return out;
}

std::string plain_text(const Template& text) {
  std::string out;
  for (const auto& part : text) out += part.text;
  return out;
}

std::optional<Act> act_of(const Node& node) {
  Pieces in = pieces_of(node);
  const auto time = in.time.value_or(std::chrono::milliseconds{0});
  if (node.is_type<g::client_line>()) {
    for (const auto& child : node.children)
      if (child->is_type<g::octets>()) return SendOctets{*in.text};
    return SendLine{*in.text};
  }
  if (node.is_type<g::connect>()) return Connect{in.protocol, in.tls};
  if (node.is_type<g::start_tls>()) return StartTls{};
  if (node.is_type<g::closed>()) return Closed{time};
  if (node.is_type<g::close>()) return Close{};
  if (node.is_type<g::half_close>()) return HalfClose{};
  if (node.is_type<g::pause>()) return Pause{time};
  if (node.is_type<g::quiet>()) return Quiet{time};
  if (node.is_type<g::pace>()) return Pace{time, in.octetwise};
  if (node.is_type<g::let>()) return Let{in.names[0], *in.text};
  if (node.is_type<g::account>()) return AddAccount{in.names[0], in.folder ? plain_text(*in.folder) : std::string{}};
  if (node.is_type<g::make_folder>()) return AddFolder{in.names[0], *in.folder};
  if (node.is_type<g::message>()) return AddMessage{in.names[0], *in.folder, in.flags, in.date, *in.text};
  if (node.is_type<g::arrived>()) return Arrived{in.names[0], *in.folder, in.count};
  return std::nullopt;
}

/// Collects statements into sections and server lines into sets.
class Builder {
 public:
  explicit Builder(const std::string& file) { session_.file = file; }

  std::variant<Session, Problem> build(const Node& root) {
    for (const auto& node : root.children)
      if (auto problem = take(*node)) return *problem;
    if (auto problem = end_set()) return *problem;
    if (!have_protocol_) return Problem{session_.file, 1, 0, "the header `protocol:` is missing"};
    if (session_.source.empty())
      return Problem{session_.file, 1, 0, "the header `source:` is missing: which RFC or spec section?"};
    if (session_.sections.empty()) {
      session_.sections.push_back({"", 1, rfc_, skips_, std::move(session_.prelude)});
      session_.prelude.clear();
    }
    return std::move(session_);
  }

 private:
  std::vector<Step>& steps() { return session_.sections.empty() ? session_.prelude : session_.sections.back().steps; }

  std::optional<Problem> take(const Node& node) {
    const auto place = node.begin();
    if (node.is_type<g::server_line>()) return take_server_line(node);
    if (auto problem = end_set()) return problem;
    if (node.is_type<g::protocol_header>()) {
      session_.protocol = protocol_of(node.children[0]->string_view());
      have_protocol_ = true;
    } else if (node.is_type<g::source_header>()) {
      session_.source = node.children[0]->string();
    } else if (node.is_type<g::rfc_header>()) {
      const bool rfc = node.children[0]->is_type<g::yes>();
      if (session_.sections.empty())
        rfc_ = rfc;
      else
        session_.sections.back().rfc = rfc;
    } else if (node.is_type<g::skip_header>()) {
      Skip skip{node.children[0]->string(), node.children[1]->string()};
      (session_.sections.empty() ? skips_ : session_.sections.back().skips).push_back(skip);
    } else if (node.is_type<g::section>()) {
      session_.sections.push_back({node.children[0]->string(), place.line, rfc_, skips_, {}});
    } else if (auto act = act_of(node)) {
      steps().push_back({std::move(*act), pieces_of(node).connection, first_line(node), place.line});
    }
    return std::nullopt;
  }

  std::optional<Problem> take_server_line(const Node& node) {
    Pieces in = pieces_of(node);
    const auto place = node.begin();
    Expected expected{Mark::next, *in.text, first_line(node), place.line};
    for (const auto& child : node.children) {
      if (!child->is_type<g::mark>()) continue;
      switch (child->string_view()[0]) {
        case '&':
          expected.mark = Mark::once;
          break;
        case '?':
          expected.mark = Mark::maybe;
          break;
        case '*':
          expected.mark = Mark::repeated;
          break;
        case '!':
          expected.mark = Mark::forbidden;
          break;
        default:
          break;
      }
    }
    if (open_ && open_->connection != in.connection)
      if (auto problem = end_set()) return problem;
    if (!open_) open_ = Step{Expect{}, in.connection, expected.source, place.line};
    auto& expect = std::get<Expect>(open_->act);
    if (expected.mark != Mark::next) {
      expect.set.push_back(std::move(expected));
      return std::nullopt;
    }
    expect.closing = std::move(expected);
    steps().push_back(std::move(*open_));
    open_.reset();
    return std::nullopt;
  }

  /// A set without a closing line is known to be over only when nothing in it is left open.
  std::optional<Problem> end_set() {
    if (!open_) return std::nullopt;
    const auto& set = std::get<Expect>(open_->act).set;
    for (const auto& expected : set)
      if (expected.mark != Mark::once)
        return Problem{session_.file, expected.line, 1,
                       "a set with S?, S* or S! needs an S: line after it that ends it"};
    steps().push_back(std::move(*open_));
    open_.reset();
    return std::nullopt;
  }

  static std::string first_line(const Node& node) {
    const auto text = node.string_view();
    return std::string{text.substr(0, text.find_first_of("\r\n"))};
  }

  Session session_;
  std::optional<Step> open_;
  std::vector<Skip> skips_;
  bool rfc_ = false;
  bool have_protocol_ = false;
};

}  // namespace

const char* word(Protocol protocol) {
  switch (protocol) {
    case Protocol::smtp:
      return "smtp";
    case Protocol::pop3:
      return "pop3";
    case Protocol::imap:
      return "imap";
  }
  return "";
}

std::variant<Session, Problem> parse_session(std::string_view text, const std::string& file) {
  namespace tree = tao::pegtl::parse_tree;
  tao::pegtl::memory_input<> in{text.data(), text.size(), file};
  try {
    const auto root = tree::parse<g::file, tree::node, selector, tao::pegtl::nothing, g::control>(in);
    return Builder{file}.build(*root);
  } catch (const tao::pegtl::parse_error& error) {
    const auto& place = error.positions().front();
    return Problem{file, place.line, place.column, std::string{error.message()}};
  }
}

std::variant<Session, Problem> read_session(const std::string& path) {
  std::ifstream in{path, std::ios::binary};
  std::ostringstream text;
  text << in.rdbuf();
  if (!in) return Problem{path, 0, 0, "cannot be read"};
  return parse_session(text.str(), path);
}

}  // namespace pennypost::conformance
