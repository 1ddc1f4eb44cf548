// A mail, an envelope and services made by hand, for tests and fuzzing. Nothing here parses MIME: a test says what the
// message is made of.
#pragma once
#include <algorithm>
#include <atomic>
#include <deque>
#include <map>
#include <mutex>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "ruleinterp/compile.h"
#include "ruleinterp/machine.h"
#include "ruleinterp/text.h"
#include "ruleinterp/tools/memory_services.h"

namespace pennypost::ruleinterp::fakes {

class PlainMail final : public Mail {
 public:
  PlainMail() = default;

  PlainMail& field(std::string name, std::string value) { return field(std::move(name), value, value); }
  PlainMail& field(std::string name, std::string raw, std::string decoded) {
    header_ += name + ": " + raw + "\r\n";
    fields_.push_back({keep(std::move(name)), keep(std::move(raw)), keep(std::move(decoded))});
    return *this;
  }
  PlainMail& part(std::string type, std::string content, Role role = Role::body, std::string name = {}) {
    Section section;
    section.imap_id = keep(std::to_string(sections_.size() + 1));
    section.type = keep(std::move(type));
    section.name = keep(std::move(name));
    section.encoding = "7bit";
    section.size = content.size();
    section.lines = static_cast<std::uint64_t>(std::count(content.begin(), content.end(), '\n'));
    section.role = role;
    sections_.push_back(section);
    contents_.push_back(keep(std::move(content)));
    return *this;
  }
  /// The message M of spec 10 section 9.
  static PlainMail hello() {
    PlainMail mail;
    mail.field("Subject", "Hello World").field("To", "a@example.org").part("text/plain", "one two  three");
    mail.part("application/octet-stream", "MZ", Role::attachment, "Report.EXE");
    return mail;
  }

  std::uint64_t size() const override { return raw_start(1 << 30).size(); }
  std::string_view raw_header() const override { return header_; }
  std::string_view raw_start(std::size_t most) const override {
    if (raw_.empty()) {
      raw_ = header_ + "\r\n";
      for (const std::string_view content : contents_) raw_ += content;
    }
    return std::string_view{raw_}.substr(0, most);
  }
  std::span<const HeaderField> fields() const override { return fields_; }
  std::span<const Section> sections() const override { return sections_; }
  std::string_view content(std::size_t index, std::size_t most) const override {
    return contents_[index].substr(0, most);
  }
  std::string_view text(std::size_t index) const override {
    ++texts_asked;
    return contents_[index];
  }
  std::vector<std::string> addresses(std::string_view field_name) const override {
    std::vector<std::string> found;
    for (const HeaderField& field : fields_) {
      if (!equal_ignoring_case(field.name, field_name)) continue;
      for (std::string_view rest = field.raw; !rest.empty();) {
        const std::size_t end = std::min(rest.find(','), rest.size());
        std::string_view one = trim(rest.substr(0, end));
        if (const std::size_t open = one.find('<'); open != std::string_view::npos)
          one = one.substr(open + 1, one.find('>') - open - 1);
        found.emplace_back(one);
        rest.remove_prefix(std::min(end + 1, rest.size()));
      }
    }
    return found;
  }

  mutable std::atomic<int> texts_asked{0};

  PlainMail(PlainMail&& other) noexcept
      : kept_{std::move(other.kept_)},
        header_{std::move(other.header_)},
        fields_{std::move(other.fields_)},
        sections_{std::move(other.sections_)},
        contents_{std::move(other.contents_)} {}
  PlainMail& operator=(PlainMail&& other) noexcept {
    kept_ = std::move(other.kept_);
    header_ = std::move(other.header_);
    raw_.clear();
    fields_ = std::move(other.fields_);
    sections_ = std::move(other.sections_);
    contents_ = std::move(other.contents_);
    return *this;
  }

 private:
  std::string_view keep(std::string text) { return kept_.emplace_back(std::move(text)); }
  std::deque<std::string> kept_;
  std::string header_;
  mutable std::string raw_;
  std::vector<HeaderField> fields_;
  std::vector<Section> sections_;
  std::vector<std::string_view> contents_;
};

class FakeDirectory final : public Directory {
 public:
  std::string address_type(std::string_view address) override {
    const auto found = types.find(std::string{address});
    return found == types.end() ? "Remote" : found->second;
  }
  std::vector<std::string> groups_of(std::string_view user) override { return groups[std::string{user}]; }
  std::map<std::string, std::string> types;
  std::map<std::string, std::vector<std::string>> groups;
};

class FakeChoices final : public Choices {
 public:
  std::optional<std::vector<double>> weights(std::string_view rule) override {
    const auto found = weights_by_rule.find(rule);
    return found == weights_by_rule.end() ? std::nullopt : std::optional{found->second};
  }
  std::optional<std::string> setting(std::string_view name) override {
    const auto found = settings.find(name);
    return found == settings.end() ? std::nullopt : std::optional{found->second};
  }
  std::map<std::string, std::vector<double>, LessIgnoringCase> weights_by_rule;
  std::map<std::string, std::string, LessIgnoringCase> settings;
};

/// Answers from a table; counts the questions; an answer may take a while.
class FakeDns final : public Dns {
 public:
  std::unique_ptr<DnsLookup> start(std::string_view type, std::string_view name) override {
    const std::string question = std::string{type} + ' ' + lower(name);
    asked.push_back(question);
    const auto found = answers.find(question);
    return std::make_unique<Lookup>(found == answers.end() ? std::vector<DnsRecord>{} : found->second,
                                    std::chrono::steady_clock::now() + delay);
  }
  std::string servers() const override { return "127.0.0.1"; }
  std::map<std::string, std::vector<DnsRecord>> answers;  ///< by "TYPE name"
  std::vector<std::string> asked;
  std::chrono::milliseconds delay{0};

 private:
  class Lookup final : public DnsLookup {
   public:
    Lookup(std::vector<DnsRecord> records, Deadline ready) : records_{std::move(records)}, ready_{ready} {}
    std::vector<DnsRecord> wait(Deadline until) override {
      std::this_thread::sleep_until(std::min(until, ready_));
      return until < ready_ ? std::vector<DnsRecord>{} : records_;
    }

   private:
    std::vector<DnsRecord> records_;
    Deadline ready_;
  };
};

class FakeHttp final : public Http {
 public:
  HttpReply fetch(const HttpRequest& request, Deadline) override {
    requests.push_back(request);
    const auto found = pages.find(request.url);
    return found == pages.end() ? HttpReply{} : found->second;
  }
  std::map<std::string, HttpReply> pages;
  std::vector<HttpRequest> requests;
};

class FakeBayes final : public Bayes {
 public:
  double probability(const Mail&) override { return percent; }
  std::uint64_t size() override { return 7; }
  void learn(const Mail&, Verdict as) override { acts.emplace_back(as == Verdict::spam ? "+spam" : "+ham"); }
  void unlearn(const Mail&, Verdict as) override { acts.emplace_back(as == Verdict::spam ? "-spam" : "-ham"); }
  double percent = 95;
  std::vector<std::string> acts;
};

class FakeGeoIp final : public GeoIp {
 public:
  std::string country(std::string_view ip) override { return ip == "192.0.2.1" ? "NZ" : ""; }
};

/// Compiles a script (spamrules.txt and, if given, other files) and runs it once.
struct Bench {
  PlainMail mail = PlainMail::hello();
  Envelope envelope;
  MemoryLists lists;
  FakeDirectory directory;
  FakeChoices choices;
  FakeDns dns;
  FakeHttp http;
  MemoryDatabase database;
  FakeBayes bayes;
  FakeGeoIp geoip;
  Host host;
  Limits limits;
  ScriptTexts files;
  Strictness strictness = Strictness::lenient;
  Compiled compiled;
  bool traced = false;

  Bench() {
    host.lists = &lists;
    host.directory = &directory;
    host.choices = &choices;
    host.dns = &dns;
    host.http = &http;
    host.database = &database;
    host.bayes = &bayes;
    host.geoip = &geoip;
  }
  Bench(const Bench&) = delete;
  Bench& operator=(const Bench&) = delete;

  const std::vector<Problem>& compile(std::string script) {
    files.set("spamrules.txt", std::move(script));
    compiled = compile_from(files, strictness);
    return compiled.problems;
  }
  /// The outcome; of an empty program when the script does not compile (its problems stand in `compiled`).
  Outcome run(std::string script) {
    compile(std::move(script));
    return run_again();
  }
  Outcome run_again() {
    if (!compiled.program) {
      Outcome broken;
      for (const Problem& problem : compiled.problems) broken.log.push_back("BROKEN " + one_line(problem));
      return broken;
    }
    Run run{*compiled.program, mail, envelope, host, limits};
    if (traced) run.trace();
    return run.execute();
  }
};

}  // namespace pennypost::ruleinterp::fakes
