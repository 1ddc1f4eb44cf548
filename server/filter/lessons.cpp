// Lessons for Bayes (spec 11 sections 1.4 and 6). Needs the message in memory; any octets make a lesson.
#include "server/filter/lessons.h"

#include <array>
#include <string>

#include <openssl/evp.h>

#include "server/base/text.h"
#include "server/filter/mail_view.h"
#include "server/filter/tokens.h"
#include "server/message/parse.h"
#include "server/message/summary.h"

namespace pennypost::filter {
namespace {

constexpr std::size_t kDigested = 256 * 1024;  // octets of the body that make the digest
constexpr std::size_t kDigestSize = 16;        // of the 32 octets of SHA-256
constexpr std::size_t kMostForwarded = 50;     // attached messages that one forward teaches
constexpr std::size_t kLargestForwarded = 32 * 1024 * 1024;
constexpr std::size_t kMostReferences = 2;  // the nearest: what stands before them is the thread

std::string_view field(const ruleinterp::Mail& mail, std::string_view name) {
  for (const auto& one : mail.fields())
    if (same_word(one.name, name)) return one.raw;
  return {};
}

// FNV-1a, 64 bits: stands in the database. 0 is kept for "none".
std::int64_t hash_of(std::string_view text) {
  if (text.empty()) return 0;
  std::uint64_t state = 14'695'981'039'346'656'037ULL;
  for (const char c : text) state = (state ^ static_cast<unsigned char>(c)) * 1'099'511'628'211ULL;
  return state == 0 ? 1 : static_cast<std::int64_t>(state);
}

// The first octets of the body, however long the header is.
std::string_view body_of(const ruleinterp::Mail& mail) {
  const std::size_t header = mail.raw_header().size();
  std::string_view body = mail.raw_start(header + 2 + kDigested);
  body.remove_prefix(std::min(header, body.size()));
  if (body.starts_with("\r\n"))
    body.remove_prefix(2);
  else if (body.starts_with('\n'))
    body.remove_prefix(1);
  return body.substr(0, kDigested);
}

// Line ends differ between the ways that a message takes, empty lines at the end too.
std::string digest_of(const ruleinterp::Mail& mail) {
  std::string text;
  text.append(field(mail, "From")).append("\n").append(field(mail, "Date")).append("\n");
  std::string_view body = body_of(mail);
  while (body.size() < kDigested && !body.empty() && is_space(body.back())) body.remove_suffix(1);
  for (const char c : body)
    if (c != '\r') text += c;
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned int length = 0;
  EVP_Digest(text.data(), text.size(), digest.data(), &length, EVP_sha256(), nullptr);
  return {reinterpret_cast<const char*>(digest.data()), kDigestSize};
}

std::vector<std::string_view> ids_in(std::string_view value) {
  std::vector<std::string_view> ids;
  for (std::size_t at = 0; (at = value.find('<', at)) != std::string_view::npos;) {
    const std::size_t end = value.find('>', at);
    if (end == std::string_view::npos) break;
    ids.push_back(value.substr(at, end + 1 - at));
    at = end + 1;
  }
  return ids;
}

// The messages that a forward refers to, the nearest first.
std::vector<std::int64_t> referred_to(const ruleinterp::Mail& mail) {
  std::vector<std::int64_t> out;
  const auto references = ids_in(field(mail, "References"));
  for (const auto id : ids_in(field(mail, "In-Reply-To"))) out.push_back(hash_of(id));
  for (auto id = references.rbegin(); id != references.rend() && out.size() < kMostReferences; ++id)
    out.push_back(hash_of(*id));
  if (out.size() > kMostReferences) out.resize(kMostReferences);
  return out;
}

std::int64_t subject_of(const ruleinterp::Mail& mail) {
  for (const auto& one : mail.fields())
    if (same_word(one.name, "Subject")) return hash_of(to_lower(message::base_subject(one.decoded)));
  return 0;
}

}  // namespace

std::vector<store::Lesson> lessons_of(const ruleinterp::Mail& mail, store::Lesson::Act act, ruleinterp::Verdict as,
                                      Meant meant) {
  std::vector<store::Lesson> lessons;
  if (meant == Meant::forwarded) {
    const auto sections = mail.sections();
    for (std::size_t i = 0; i < sections.size() && lessons.size() < kMostForwarded; ++i) {
      if (sections[i].type != "message/rfc822") continue;
      const auto attached = message::parse(mail.content(i, kLargestForwarded));
      for (auto& one : lessons_of(MailView{attached}, act, as)) lessons.push_back(std::move(one));
    }
    if (!lessons.empty()) return lessons;
  }
  store::Lesson lesson;
  lesson.act = act;
  lesson.spam = as == ruleinterp::Verdict::spam;
  lesson.digest = digest_of(mail);
  const auto ids = ids_in(field(mail, "Message-ID"));
  if (!ids.empty()) lesson.message_id = hash_of(ids.front());
  lesson.subject = subject_of(mail);
  lesson.tokens = tokens_of(mail);
  if (meant == Meant::forwarded) {
    lesson.is_forward = true;
    lesson.about = referred_to(mail);
  }
  lessons.push_back(std::move(lesson));
  return lessons;
}

}  // namespace pennypost::filter
