// Words of a message for Bayes (spec 11 section 6 leaves the tokeniser open). Needs nothing; any octets are looked at
// in linear time, up to kMostTokenText of each text and kMostAdded words.
#include "server/filter/tokens.h"

#include <algorithm>
#include <array>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "server/base/text.h"
#include "server/message/html.h"
#include "server/message/text.h"

namespace pennypost::filter {
namespace {

constexpr std::size_t kShortWord = 3;
constexpr std::size_t kLongWord = 14;
constexpr int kServers = 3;                 // last ones that the message came through; earlier ones are easily forged
constexpr std::size_t kMostAdded = 16'384;  // words, many of them more than once
constexpr std::size_t kMostLinks = 1000;    // of one HTML part
constexpr std::size_t kMostOfField = 2000;
constexpr int kMostPairs = 200;  // of words that follow each other: what a message begins with says enough

// FNV-1a, 64 bits: stands in the database, so it is written here and never changes.
class Hash {
 public:
  Hash& operator<<(std::string_view text) {
    for (const char c : text) state_ = (state_ ^ static_cast<unsigned char>(c)) * 1'099'511'628'211ULL;
    return *this;
  }
  std::uint64_t value() const { return state_; }

 private:
  std::uint64_t state_ = 14'695'981'039'346'656'037ULL;
};

bool is_letter_of_word(char c) { return is_letter_or_digit(c) || !is_ascii(c); }

// Where a word was found: words of different places are different tokens.
struct Place {
  TokenKind kind;
  std::string_view name;
};
constexpr Place kText{TokenKind::word, "word"};
constexpr Place kSubject{TokenKind::subject, "subject"};
constexpr Place kLink{TokenKind::link, "url"};

class Tokens {
 public:
  bool full() const { return found_.size() >= kMostAdded; }
  void add(const Place& place, std::string_view word) {
    if (full()) return;
    const std::uint64_t hash = (Hash{} << place.name << ":" << word).value();
    found_.push_back(static_cast<std::int64_t>((hash & ~kTokenKindBits) | static_cast<std::uint64_t>(place.kind)));
  }

  // One piece of text between blanks.
  void word(const Place& place, std::string_view word) {
    while (!word.empty() && !is_letter_of_word(word.front()) && word.front() != '$') word.remove_prefix(1);
    while (!word.empty() && !is_letter_of_word(word.back()) && word.back() != '!' && word.back() != '%')
      word.remove_suffix(1);
    if (word.size() > 1 && word.back() == '!') {
      const std::size_t bangs = word.size() - 1 - word.find_last_not_of('!');
      add(place, bangs > 1 ? "!!" : "!");
      word = word.substr(0, word.size() - bangs);
    }
    if (word.size() < kShortWord) return;
    const std::string lower = to_lower(word);
    if (word.size() > kLongWord) {
      const std::string length = std::to_string(std::min<std::size_t>(word.size() / 10, 20));
      if (is_ascii(word)) {
        add({place.kind, "long"}, std::string(1, lower.front()) + length);
      } else {
        add({place.kind, "long8"}, length);
        // Scripts without blanks between words: pairs of characters would need their tables; runs of octets do.
        for (std::size_t i = 0; i + 6 <= lower.size() && i < 120; i += 3) add({place.kind, "run"}, lower.substr(i, 6));
      }
    } else {
      add(place, lower);
    }
    if (word.size() >= 4 && std::ranges::none_of(word, [](char c) { return c >= 'a' && c <= 'z'; }) &&
        std::ranges::any_of(word, is_letter))
      add({place.kind, "CAPS"}, place.name);
    // a.b-c: its parts too
    std::size_t begin = 0;
    bool parts = false;
    for (std::size_t i = 0; i <= lower.size(); ++i) {
      if (i < lower.size() && is_letter_of_word(lower[i])) continue;
      if (i < lower.size()) parts = true;
      const std::string_view part = std::string_view{lower}.substr(begin, i - begin);
      if (parts && part.size() >= kShortWord && part.size() <= kLongWord) add(place, part);
      begin = i + 1;
    }
  }

  void words(const Place& place, std::string_view text) {
    text = text.substr(0, kMostTokenText);
    const bool pairs = place.kind == TokenKind::word || place.kind == TokenKind::subject;
    before_.clear();
    std::size_t begin = 0;
    for (std::size_t i = 0; i <= text.size() && !full(); ++i) {
      if (i < text.size() && !is_space(text[i])) continue;
      if (i > begin) word(place, text.substr(begin, i - begin));
      if (i > begin && pairs) pair(place, text.substr(begin, i - begin));
      begin = i + 1;
    }
  }

  // Every ending of a host name: mail.shop.example, shop.example, example.
  void host(const Place& place, std::string_view host) {
    const std::string lower = to_lower(host.substr(0, 200));
    std::string_view rest = lower;
    while (!rest.empty()) {
      add(place, rest);
      const std::size_t dot = rest.find('.');
      if (dot == std::string_view::npos) break;
      rest.remove_prefix(dot + 1);
    }
  }

  void url(std::string_view url) {
    const std::size_t scheme = url.find(':');
    if (scheme == std::string_view::npos) return host(kLink, url.substr(0, url.find('/')));
    const std::string kind = to_lower(url.substr(0, std::min<std::size_t>(scheme, 10)));
    std::string_view rest = url.substr(scheme + 1);
    while (rest.starts_with('/')) rest.remove_prefix(1);
    if (kind == "mailto") {
      add({TokenKind::link, "mailto"}, to_lower(rest.substr(0, std::min<std::size_t>(rest.find('?'), 100))));
      return;
    }
    const std::size_t slash = std::min(rest.find_first_of("/?#"), rest.size());
    std::string_view authority = rest.substr(0, slash);
    if (const auto at = authority.rfind('@'); at != std::string_view::npos) {
      add(kLink, "@");
      authority.remove_prefix(at + 1);
    }
    const auto [name, port] = cut(authority, ':');
    if (!port.empty()) add({TokenKind::link, "urlport"}, port.substr(0, 6));
    if (!name.empty() && std::ranges::all_of(name, [](char c) { return is_digit(c) || c == '.'; }))
      add(kLink, "number");
    host(kLink, name);
    std::size_t begin = slash;
    for (std::size_t i = slash; i <= rest.size() && i < slash + 300; ++i) {
      if (i < rest.size() && is_letter_or_digit(rest[i])) continue;
      if (i - begin >= kShortWord && i - begin <= kLongWord)
        add({TokenKind::link, "path"}, to_lower(rest.substr(begin, i - begin)));
      begin = i + 1;
    }
  }

  // Each once. Of too many those with the smallest numbers stay: any, but the same ones in every message.
  std::vector<std::int64_t> sorted() && {
    std::ranges::sort(found_);
    const auto twice = std::ranges::unique(found_);
    found_.erase(twice.begin(), twice.end());
    found_.resize(std::min(found_.size(), kMostTokens));
    return std::move(found_);
  }

 private:
  // "Act now, 24 hours" has the pairs "act now", "now 00" and "00 hours".
  void pair(const Place& place, std::string_view word) {
    if (pairs_ >= kMostPairs) return;
    std::string plain;
    for (const char c : word) {
      if (plain.size() >= kLongWord) break;
      if (is_letter_of_word(c) || c == '$' || c == '%' || c == '!') plain += is_digit(c) ? '0' : ascii_lower(c);
    }
    if (plain.empty()) return;
    if (!before_.empty()) {
      ++pairs_;
      if (place.kind == TokenKind::subject) {
        add({place.kind, "subject pair"}, before_ + " " + plain);
      } else {
        add({TokenKind::pair, "pair"}, before_ + " " + plain);
      }
    }
    before_ = std::move(plain);
  }

  std::vector<std::int64_t> found_;
  std::string before_;  // the last word, for pairs
  int pairs_ = 0;
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

// Fields whose words the sender chooses, or that are made by the program that wrote the message.
constexpr auto kRead = std::to_array<Place>({{TokenKind::sender, "from"},
                                             {TokenKind::sender, "to"},
                                             {TokenKind::sender, "cc"},
                                             {TokenKind::sender, "reply-to"},
                                             {TokenKind::sender, "return-path"},
                                             {TokenKind::sender, "organization"},
                                             {TokenKind::form, "x-mailer"},
                                             {TokenKind::form, "user-agent"},
                                             {TokenKind::form, "mime-version"},
                                             {TokenKind::form, "content-type"},
                                             {TokenKind::form, "content-transfer-encoding"},
                                             {TokenKind::form, "x-priority"},
                                             {TokenKind::form, "x-msmail-priority"},
                                             {TokenKind::form, "importance"},
                                             {TokenKind::form, "x-mimeole"}});
constexpr Place kMessageId{TokenKind::form, "message-id"};

// The host and address that a server says it got the message from: "from host ([192.0.2.1])". False when it came from
// the same machine: a scanner, a mail fetcher, or a hand-over that names nobody.
bool received(Tokens& tokens, std::string_view value) {
  const std::string_view from = value.substr(0, std::min(find_word(value, " by "), value.size()));
  if (!starts_with_word(from, "from ") || from.find("127.0.0.1") != std::string_view::npos) return false;
  std::size_t begin = 0;
  for (std::size_t i = 0; i <= from.size(); ++i) {
    if (i < from.size() && (is_letter_or_digit(from[i]) || from[i] == '.' || from[i] == '-')) continue;
    const std::string_view word = from.substr(begin, i - begin);
    begin = i + 1;
    if (word.find('.') == std::string_view::npos) continue;
    if (std::ranges::all_of(word, [](char c) { return is_digit(c) || c == '.'; })) {
      for (std::size_t dots = 0, k = 0; k < word.size(); ++k)
        if (word[k] == '.' && ++dots >= 2) tokens.add({TokenKind::route, "net"}, word.substr(0, k));
    } else {
      tokens.host({TokenKind::route, "via"}, word);
    }
  }
  return true;
}

void message_id(Tokens& tokens, std::string_view value) {
  const auto at = value.rfind('@');
  if (at == std::string_view::npos) return tokens.add(kMessageId, "no @");
  value.remove_prefix(at + 1);
  if (value.ends_with('>')) value.remove_suffix(1);
  tokens.host(kMessageId, value);
}

void subject(Tokens& tokens, const ruleinterp::HeaderField& field) {
  tokens.words(kSubject, field.decoded);
  if (field.raw.find("=?") != std::string_view::npos) tokens.add(kSubject, "=?");
  if (field.decoded.find("   ") != std::string_view::npos) tokens.add(kSubject, "gap");
}

void addresses(Tokens& tokens, const Place& field, std::span<const std::string> addresses) {
  if (field.name == "to" || field.name == "cc") {
    const std::size_t count = addresses.size();
    tokens.add({field.kind, "number of"}, std::to_string(count < 4 ? count : count < 10 ? 4 : 10));
    return;
  }
  for (const std::string& address : addresses) {
    tokens.add(field, to_lower(address));
    tokens.host({field.kind, "at"}, address.substr(address.rfind('@') + 1));
  }
}

void header(Tokens& tokens, const ruleinterp::Mail& mail) {
  int servers = 0;
  for (const auto& field : mail.fields()) {
    if (same_word(field.name, "Received")) {
      if (servers < kServers && received(tokens, field.raw)) ++servers;
      continue;
    }
    if (is_left_out(field.name)) continue;
    tokens.add({TokenKind::field, "field"}, field.name);  // as spelled: few programs write "SUBJECT"
    if (same_word(field.name, kSubject.name)) {
      subject(tokens, field);
    } else if (same_word(field.name, kMessageId.name)) {
      message_id(tokens, field.raw);
    } else if (const auto* place =
                   std::ranges::find_if(kRead, [&](const Place& one) { return same_word(one.name, field.name); });
               place != kRead.end()) {  // of the others, that they are there says enough
      tokens.words(*place, field.decoded.substr(0, kMostOfField));
      if (place->kind == TokenKind::sender && place->name != "organization")
        addresses(tokens, *place, mail.addresses(place->name));
    }
  }
  for (const std::string_view name : {"Message-ID", "To", "From", "Subject", "Reply-To", "Date", "User-Agent"})
    if (std::ranges::none_of(mail.fields(), [&](const auto& field) { return same_word(field.name, name); }))
      tokens.add({TokenKind::field, "without"}, name);
}

void html(Tokens& tokens, std::string_view source) {
  source = source.substr(0, kMostTokenText);
  std::vector<std::string> urls;
  for (const message::Tag& tag : message::html_tags(source)) {
    if (urls.size() >= kMostLinks) break;
    for (const std::string_view name : {"href", "src", "action", "background"}) {
      std::string url = message::attribute(tag.all, name);
      if (!url.empty()) urls.push_back(std::move(url));
    }
  }
  for (const std::string& url : urls) tokens.url(url);
  tokens.words(kText, message::html_to_text(source, kMostTokenText));
}

}  // namespace

std::vector<std::int64_t> tokens_of(const ruleinterp::Mail& mail) {
  Tokens tokens;
  header(tokens, mail);
  const auto sections = mail.sections();
  for (std::size_t i = 0; i < sections.size() && !tokens.full(); ++i) {
    const ruleinterp::Section& section = sections[i];
    tokens.add({TokenKind::form, "type"}, section.type);
    tokens.add({TokenKind::form, "encoding"}, section.encoding);
    if (!section.name.empty()) {
      const std::size_t dot = section.name.rfind('.');
      if (dot != std::string_view::npos)
        tokens.add({TokenKind::form, "file"}, to_lower(section.name.substr(dot + 1, 10)));
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
    tokens.words(kText, text);
  }
  return std::move(tokens).sorted();
}

}  // namespace pennypost::filter
