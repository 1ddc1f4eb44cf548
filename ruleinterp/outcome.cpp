// The record of a run as JSON, in the shape of `pennypost rules run --json` (issue 3). Nothing fails; octets that are
// no UTF-8 become U+FFFD.
#include "ruleinterp/outcome.h"

#include <fmt/format.h>

#include "ruleinterp/text.h"

namespace pennypost::ruleinterp {
namespace {

// Commas between the members of an object or array.
class Joined {
 public:
  Joined(std::string& out, char open, char close) : out_{out}, close_{close} { out_ += open; }
  ~Joined() { out_ += close_; }
  Joined(const Joined&) = delete;
  Joined& operator=(const Joined&) = delete;
  std::string& member(std::string_view name) {
    next();
    return out_ += json_text(name) + ":";
  }
  std::string& element() {
    next();
    return out_;
  }

 private:
  void next() {
    if (!first_) out_ += ',';
    first_ = false;
  }
  std::string& out_;
  char close_;
  bool first_ = true;
};

void add_texts(std::string& out, const std::vector<std::string>& texts) {
  Joined array{out, '[', ']'};
  for (const std::string& text : texts) array.element() += json_text(text);
}

void add_pairs(std::string& out, const std::vector<std::pair<std::string, std::string>>& pairs) {
  Joined array{out, '[', ']'};
  for (const auto& [name, value] : pairs)
    array.element() += fmt::format("{{\"name\":{},\"value\":{}}}", json_text(name), json_text(value));
}

}  // namespace

const char* word(HeaderChange::Kind kind) {
  switch (kind) {
    case HeaderChange::Kind::set:
      return "set";
    case HeaderChange::Kind::remove:
      return "remove";
    case HeaderChange::Kind::add_first:
      return "add-first";
    case HeaderChange::Kind::add_last:
      return "add-last";
    case HeaderChange::Kind::remove_matching:
      return "remove-matching";
  }
  return "";
}

const char* word(Ended ended) {
  switch (ended) {
    case Ended::not_begun:
      return "not begun";
    case Ended::at_the_end:
      return "end";
    case Ended::stop:
      return "stop";
    case Ended::reject:
      return "reject";
    case Ended::time:
      return "time limit";
    case Ended::instructions:
      return "instruction limit";
    case Ended::memory:
      return "memory limit";
  }
  return "";
}

std::string to_json(const Outcome& outcome) {
  std::string out;
  {
    Joined object{out, '{', '}'};
    object.member("score") += number_text(outcome.score);
    add_texts(object.member("matchedConditions"), outcome.matched_conditions);
    {
      Joined variables{object.member("variables"), '{', '}'};
      for (const auto& [name, value] : outcome.variables) variables.member(name) += json_text(value);
    }
    {
      Joined bags{object.member("bags"), '{', '}'};
      for (const auto& [name, items] : outcome.bags) add_texts(bags.member(name), items);
    }
    add_texts(object.member("log"), outcome.log);
    {
      Joined headers{object.member("headers"), '[', ']'};
      for (const HeaderChange& change : outcome.headers) {
        headers.element() += fmt::format("{{\"kind\":\"{}\",\"name\":{},\"value\":{},\"user\":{}}}", word(change.kind),
                                         json_text(change.name), json_text(change.value),
                                         change.user.empty() ? "null" : json_text(change.user));
      }
    }
    add_texts(object.member("recipients"), outcome.recipients);
    add_texts(object.member("copies"), outcome.copies);
    {
      Joined messages{object.member("messages"), '[', ']'};
      for (const SentMessage& message : outcome.messages)
        messages.element() +=
            fmt::format("{{\"recipient\":{},\"subject\":{},\"text\":{}}}", json_text(message.recipient),
                        json_text(message.subject), json_text(message.text));
    }
    object.member("reject") += outcome.reject ? json_text(*outcome.reject) : "null";
    object.member("stopped") += stops_early(outcome.ended) ? "true" : "false";
    object.member("ended") += json_text(word(outcome.ended));
    {
      Joined warnings{object.member("warnings"), '[', ']'};
      for (const Problem& w : outcome.warnings)
        warnings.element() += fmt::format("{{\"severity\":\"{}\",\"file\":{},\"line\":{},\"column\":{},\"text\":{}}}",
                                          w.severity == Severity::error ? "error" : "warning", json_text(w.file),
                                          w.line, w.column, json_text(w.text));
    }
    {
      Joined hits{object.member("hits"), '[', ']'};
      for (const RuleHit& hit : outcome.hits)
        hits.element() += fmt::format(
            "{{\"rule\":{},\"pattern\":{},\"match\":{},\"amount\":{},\"file\":{},\"line\":{}}}", json_text(hit.rule),
            json_text(hit.pattern), json_text(hit.match), number_text(hit.amount), json_text(hit.file), hit.line);
    }
    if (!outcome.trace.empty()) {
      Joined trace{object.member("trace"), '[', ']'};
      for (const TraceLine& line : outcome.trace) {
        std::string& element = trace.element();
        Joined entry{element, '{', '}'};
        entry.member("file") += json_text(line.file);
        entry.member("line") += fmt::format("{}", line.line);
        entry.member("source") += json_text(line.source);
        add_pairs(entry.member("read"), line.read);
        add_pairs(entry.member("written"), line.written);
        entry.member("note") += json_text(line.note);
      }
    }
    object.member("instructions") += fmt::format("{}", outcome.instructions);
    object.member("microseconds") +=
        fmt::format("{}", std::chrono::duration_cast<std::chrono::microseconds>(outcome.time).count());
  }
  return out;
}

}  // namespace pennypost::ruleinterp
