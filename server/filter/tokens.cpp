// Words of a message for Bayes (spec 11 section 6 leaves the tokeniser open). Needs nothing; any octets are looked at
// in linear time, up to kMostTokenText of text and kMostTokens tokens.
#include "server/filter/tokens.h"

#include <algorithm>
#include <array>
#include <string>
#include <string_view>
#include <unordered_set>

#include "server/base/text.h"
#include "server/message/html.h"
#include "server/message/text.h"

namespace pennypost::filter {
namespace {

constexpr std::size_t kShortWord = 3;
constexpr std::size_t kLongWord = 14;
constexpr int kServers = 3;  // last ones that the message came through; earlier ones are easily forged

// FNV-1a, 64 bits: stands in the database, so it is written here and never changes.
class Hash {
 public:
  Hash& operator<<(std::string_view text) {
    for (const char c : text) state_ = (state_ ^ static_cast<unsigned char>(c)) * 1'099'511'628'211ULL;
    return *this;
  }
  std::int64_t value() const { return static_cast<std::int64_t>(state_); }

 private:
  std::uint64_t state_ = 14'695'981'039'346'656'037ULL;
};

bool is_letter_of_word(char c) { return is_letter_or_digit(c) || !is_ascii(c); }

class Tokens {
 public:
  bool full() const { return found_.size() >= kMostTokens; }
  void add(std::string_view kind, std::string_view word) {
    if (!full()) found_.insert((Hash{} << kind << ":" << word).value());
  }

  // One piece of text between blanks.
  void word(std::string_view kind, std::string_view word) {
    while (!word.empty() && !is_letter_of_word(word.front()) && word.front() != '$') word.remove_prefix(1);
    while (!word.empty() && !is_letter_of_word(word.back()) && word.back() != '!' && word.back() != '%')
      word.remove_suffix(1);
    if (word.size() > 1 && word.back() == '!') {
      const std::size_t bangs = word.size() - 1 - word.find_last_not_of('!');
      add(kind, bangs > 1 ? "!!" : "!");
      word = word.substr(0, word.size() - bangs);
    }
    if (word.size() < kShortWord) return;
    const std::string lower = to_lower(word);
    if (word.size() > kLongWord) {
      const std::string length = std::to_string(std::min<std::size_t>(word.size() / 10, 20));
      if (is_ascii(word)) {
        add("long", std::string(1, lower.front()) + length);
      } else {
        add("long8", length);
        // Scripts without blanks between words: pairs of characters would need their tables; runs of octets do.
        for (std::size_t i = 0; i + 6 <= lower.size() && i < 120; i += 3) add("run", lower.substr(i, 6));
      }
    } else {
      add(kind, lower);
    }
    if (word.size() >= 4 && std::ranges::none_of(word, [](char c) { return c >= 'a' && c <= 'z'; }) &&
        std::ranges::any_of(word, is_letter))
      add("CAPS", kind);
    // a.b-c: its parts too
    std::size_t begin = 0;
    bool parts = false;
    for (std::size_t i = 0; i <= lower.size(); ++i) {
      if (i < lower.size() && is_letter_of_word(lower[i])) continue;
      if (i < lower.size()) parts = true;
      const std::string_view part = std::string_view{lower}.substr(begin, i - begin);
      if (parts && part.size() >= kShortWord && part.size() <= kLongWord) add(kind, part);
      begin = i + 1;
    }
  }

  void words(std::string_view kind, std::string_view text) {
    text = text.substr(0, kMostTokenText);
    std::size_t begin = 0;
    for (std::size_t i = 0; i <= text.size() && !full(); ++i) {
      if (i < text.size() && !is_space(text[i])) continue;
      if (i > begin) word(kind, text.substr(begin, i - begin));
      begin = i + 1;
    }
  }

  // Every ending of a host name: mail.shop.example, shop.example, example.
  void host(std::string_view kind, std::string_view host) {
    const std::string lower = to_lower(host.substr(0, 200));
    std::string_view rest = lower;
    while (!rest.empty()) {
      add(kind, rest);
      const std::size_t dot = rest.find('.');
      if (dot == std::string_view::npos) break;
      rest.remove_prefix(dot + 1);
    }
  }

  void url(std::string_view url) {
    const std::size_t scheme = url.find(':');
    if (scheme == std::string_view::npos) return host("url", url.substr(0, url.find('/')));
    const std::string kind = to_lower(url.substr(0, std::min<std::size_t>(scheme, 10)));
    std::string_view rest = url.substr(scheme + 1);
    while (rest.starts_with('/')) rest.remove_prefix(1);
    if (kind == "mailto") {
      add("mailto", to_lower(rest.substr(0, std::min<std::size_t>(rest.find('?'), 100))));
      return;
    }
    const std::size_t slash = std::min(rest.find_first_of("/?#"), rest.size());
    std::string_view authority = rest.substr(0, slash);
    if (const auto at = authority.rfind('@'); at != std::string_view::npos) {
      add("url", "@");
      authority.remove_prefix(at + 1);
    }
    const auto [name, port] = cut(authority, ':');
    if (!port.empty()) add("urlport", port.substr(0, 6));
    if (!name.empty() && std::ranges::all_of(name, [](char c) { return is_digit(c) || c == '.'; }))
      add("url", "number");
    host("url", name);
    std::size_t begin = slash;
    for (std::size_t i = slash; i <= rest.size() && i < slash + 300; ++i) {
      if (i < rest.size() && is_letter_or_digit(rest[i])) continue;
      if (i - begin >= kShortWord && i - begin <= kLongWord) add("path", to_lower(rest.substr(begin, i - begin)));
      begin = i + 1;
    }
  }

  std::vector<std::int64_t> sorted() const {
    std::vector<std::int64_t> out(found_.begin(), found_.end());
    std::ranges::sort(out);
    return out;
  }

 private:
  std::unordered_set<std::int64_t> found_;
};

// Fields that say who recorded the message, when, or what another filter thought: not what it is.
constexpr auto kLeftOut = std::to_array<std::string_view>({"Date",
                                                           "Delivered-To",
                                                           "Lines",
                                                           "Status",
                                                           "X-Status",
                                                           "X-UID",
                                                           "X-UIDL",
                                                           "X-Keywords",
                                                           "X-Mozilla-Status",
                                                           "X-Mozilla-Status2",
                                                           "X-Original-To",
                                                           "X-Original-Date",
                                                           "Envelope-To",
                                                           "Delivery-Date",
                                                           "Content-Length",
                                                           "X-Authenticated-Sender",
                                                           "X-Evolution",
                                                           "X-Envelope-To",
                                                           "X-Apparently-To",
                                                           "Sender",
                                                           "Errors-To",
                                                           "Precedence",
                                                           "X-BeenThere",
                                                           "X-Loop",
                                                           "Mailing-List",
                                                           "X-Mailing-List",
                                                           "X-Been-There",
                                                           "X-Sender",
                                                           "X-Egroups-Return"});

bool is_left_out(std::string_view name) {
  return std::ranges::any_of(kLeftOut, [&](std::string_view one) { return same_word(one, name); }) ||
         starts_with_word(name, "X-VPOP3-") || starts_with_word(name, "X-Spam") || starts_with_word(name, "List-") ||
         starts_with_word(name, "X-Mailman") || starts_with_word(name, "X-List") || starts_with_word(name, "X-Pyzor");
}

// Fields whose words the sender chooses.
constexpr auto kRead = std::to_array<std::string_view>({"subject", "from", "to", "cc", "reply-to", "return-path",
                                                        "message-id", "organization", "x-mailer", "user-agent",
                                                        "mime-version", "content-type", "content-transfer-encoding",
                                                        "x-priority", "x-msmail-priority", "importance", "x-mimeole"});

bool is_read(std::string_view name) { return std::ranges::find(kRead, name) != kRead.end(); }

// The host and address that a server says it got the message from: "from host ([192.0.2.1])".
void received(Tokens& tokens, std::string_view value) {
  const std::size_t end = std::min(find_word(value, " by "), value.size());
  std::string_view from = value.substr(0, end);
  std::size_t begin = 0;
  for (std::size_t i = 0; i <= from.size(); ++i) {
    if (i < from.size() && (is_letter_or_digit(from[i]) || from[i] == '.' || from[i] == '-')) continue;
    const std::string_view word = from.substr(begin, i - begin);
    begin = i + 1;
    if (word.find('.') == std::string_view::npos) continue;
    if (std::ranges::all_of(word, [](char c) { return is_digit(c) || c == '.'; })) {
      for (std::size_t dots = 0, k = 0; k < word.size(); ++k)
        if (word[k] == '.' && ++dots >= 2) tokens.add("net", word.substr(0, k));
    } else {
      tokens.host("via", word);
    }
  }
}

void header(Tokens& tokens, const ruleinterp::Mail& mail) {
  int servers = 0;
  for (const auto& field : mail.fields()) {
    if (same_word(field.name, "Received")) {
      if (++servers <= kServers) received(tokens, field.raw);
      continue;
    }
    if (is_left_out(field.name)) continue;
    tokens.add("field", field.name);  // as spelled: few programs write "SUBJECT"
    const std::string kind = to_lower(field.name.substr(0, 40));
    if (!is_read(kind)) continue;  // that it is there says enough
    if (kind == "subject") {
      tokens.words("subject", field.decoded);
      if (field.raw.find("=?") != std::string_view::npos) tokens.add("subject", "=?");
      if (field.decoded.find("   ") != std::string_view::npos) tokens.add("subject", "gap");
      continue;
    }
    if (kind == "message-id") {
      const auto at = field.raw.rfind('@');
      if (at == std::string_view::npos) {
        tokens.add(kind, "no @");
      } else {
        std::string_view host = field.raw.substr(at + 1);
        if (host.ends_with('>')) host.remove_suffix(1);
        tokens.host(kind, host);
      }
      continue;
    }
    tokens.words(kind, field.decoded.substr(0, 2000));
    for (const std::string_view name : {"from", "reply-to", "sender", "return-path"}) {
      if (kind != name) continue;
      for (const std::string& address : mail.addresses(kind)) {
        tokens.add(kind, to_lower(address));
        tokens.host(kind + "@", address.substr(address.rfind('@') + 1));
      }
    }
    if (kind == "to" || kind == "cc") {
      const std::size_t count = mail.addresses(kind).size();
      tokens.add(kind + "#", std::to_string(count < 4 ? count : count < 10 ? 4 : 10));
    }
  }
  for (const std::string_view name : {"Message-ID", "To", "From", "Subject", "Reply-To", "Date", "User-Agent"})
    if (std::ranges::none_of(mail.fields(), [&](const auto& field) { return same_word(field.name, name); }))
      tokens.add("without", name);
}

void html(Tokens& tokens, std::string_view source) {
  source = source.substr(0, kMostTokenText);
  std::vector<std::string> urls;
  for (const message::Tag& tag : message::html_tags(source)) {
    if (tokens.full()) break;
    tokens.add("tag", tag.name.substr(0, 20));
    for (const std::string_view name : {"href", "src", "action", "background"}) {
      std::string url = message::attribute(tag.all, name);
      if (url.empty()) continue;
      tokens.add("tag", tag.name.substr(0, 20) + " " + std::string{name});
      urls.push_back(std::move(url));
    }
    for (const std::string_view name : {"color", "bgcolor", "size", "face", "width", "height", "align"}) {
      const std::string value = to_lower(message::attribute(tag.all, name).substr(0, 30));
      if (!value.empty()) tokens.add("attribute", std::string{name} + "=" + value);
    }
  }
  for (const std::string& url : urls) tokens.url(url);
  tokens.words("word", message::html_to_text(source, kMostTokenText));
}

}  // namespace

std::vector<std::int64_t> tokens_of(const ruleinterp::Mail& mail) {
  Tokens tokens;
  header(tokens, mail);
  const auto sections = mail.sections();
  for (std::size_t i = 0; i < sections.size() && !tokens.full(); ++i) {
    const ruleinterp::Section& section = sections[i];
    tokens.add("type", section.type);
    tokens.add("encoding", section.encoding);
    if (!section.name.empty()) {
      const std::size_t dot = section.name.rfind('.');
      if (dot != std::string_view::npos) tokens.add("file", to_lower(section.name.substr(dot + 1, 10)));
    }
    if (!section.type.starts_with("text/") || section.role != ruleinterp::Role::body) continue;
    const std::string_view text = mail.text(i);
    if (section.type == "text/html") {
      html(tokens, text);
      continue;
    }
    std::vector<std::string> urls;
    message::find_urls(text.substr(0, kMostTokenText), urls);
    for (const std::string& url : urls) tokens.url(url);
    tokens.words("word", text);
  }
  return tokens.sorted();
}

}  // namespace pennypost::filter
