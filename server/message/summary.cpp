// The summary of a message for stored columns, and the base subject (RFC 5256 section 2.1).
#include "server/message/summary.h"

#include <algorithm>

#include "server/base/limits.h"
#include "server/message/charset.h"
#include "server/message/encoded_words.h"
#include "server/message/header.h"
#include "server/message/message_ids.h"
#include "server/message/text.h"

namespace pennypost::message {
namespace {

void append_people(std::vector<std::string>& list, std::string_view value, std::string_view raw_charset) {
  if (list.size() >= static_cast<std::size_t>(kHeaderAddresses.most)) return;
  for (const Address& address : mailboxes(value)) list.push_back(to_utf8(to_string(address, raw_charset)));
}

/// Runs of white space as one space (RFC 5256 2.1 (1)), ASCII letters as capitals.
std::string canonical(std::string_view subject) {
  std::string out;
  for (const char c : subject) {
    if (static_cast<unsigned char>(c) <= 32) {
      if (!out.empty() && out.back() != ' ') out += ' ';
    } else {
      out += ascii_upper(c);
    }
  }
  return out;
}

/// The length of a "[...]" at the start, trailing space included; 0 when there is none (subj-blob).
std::size_t blob(std::string_view text) {
  if (!text.starts_with('[')) return 0;
  const std::size_t close = text.find_first_of("[]", 1);
  if (close == std::string_view::npos || text[close] != ']') return 0;
  std::size_t end = close + 1;
  while (end < text.size() && is_blank(text[end])) ++end;
  return end;
}

/// The length of "RE:", "FW:", "FWD:" with what may stand behind the word (subj-refwd without the blobs before it).
std::size_t reply_prefix(std::string_view text) {
  std::size_t i = text.starts_with("RE") ? 2 : text.starts_with("FWD") ? 3 : text.starts_with("FW") ? 2 : 0;
  if (i == 0) return 0;
  while (i < text.size() && is_blank(text[i])) ++i;
  i += blob(text.substr(i));
  return i < text.size() && text[i] == ':' ? i + 1 : 0;
}

}  // namespace

std::string base_subject(std::string_view decoded_subject, bool* reply_or_forward) {
  constexpr std::string_view kForwarded = "(FWD)";
  const std::string text = canonical(decoded_subject.substr(0, kHeaderValue.most.size()));
  std::string_view rest = text;
  bool changed_kind = false;
  for (bool again = true; again;) {
    again = false;
    // (2) trailers
    for (;;) {
      while (!rest.empty() && is_blank(rest.back())) rest.remove_suffix(1);
      if (!rest.ends_with(kForwarded)) break;
      rest.remove_suffix(kForwarded.size());
      changed_kind = true;
    }
    // (3) to (5) leaders: blobs and reply marks; of blobs alone the last one stays
    for (;;) {
      while (!rest.empty() && is_blank(rest.front())) rest.remove_prefix(1);
      std::size_t blobs = 0;
      std::size_t before_last = 0;
      while (const std::size_t size = blob(rest.substr(blobs))) {
        before_last = blobs;
        blobs += size;
      }
      const std::size_t reply = reply_prefix(rest.substr(blobs));
      if (reply == 0) {
        rest.remove_prefix(blobs < rest.size() ? blobs : before_last);
        break;
      }
      rest.remove_prefix(blobs + reply);
      changed_kind = true;
    }
    // (6) "[FWD: ...]" around all of it
    if (rest.starts_with("[FWD:") && rest.ends_with(']')) {
      rest.remove_prefix(5);
      rest.remove_suffix(1);
      changed_kind = again = true;
    }
  }
  if (reply_or_forward) *reply_or_forward = changed_kind;
  return fold_case(rest);
}

Summary summarize(const Message& message) {
  Summary summary;
  bool subject = false;
  const std::string charset = first_charset(message);
  std::vector<std::string> in_reply_to;
  for (const Field& field : Fields{message.header()}) {
    switch (field.name.size()) {
      case 2:
        if (field.is("to")) append_people(summary.to, field.value, charset);
        if (field.is("cc")) append_people(summary.cc, field.value, charset);
        break;
      case 4:
        if (field.is("date") && !summary.date) summary.date = parse_date(field.value);
        if (field.is("from") && summary.from_addr.empty() && summary.from_name.empty()) {
          const auto people = mailboxes(field.value);
          if (people.empty()) break;
          summary.from_name = display_name(people.front(), charset);
          summary.from_addr = to_utf8(addr_spec(people.front()));
        }
        break;
      case 6:
        if (field.is("sender") && summary.sender_addr.empty()) {
          const auto people = mailboxes(field.value);
          if (!people.empty()) summary.sender_addr = to_utf8(addr_spec(people.front()));
        }
        break;
      case 7:
        if (field.is("subject") && !subject) {
          summary.subject = decode_words(field.value, charset);
          subject = true;
        }
        break;
      case 8:
        if (field.is("reply-to")) append_people(summary.reply_to, field.value, charset);
        if (field.is("received")) ++summary.received_fields;
        break;
      case 10:
        if (field.is("message-id") && summary.message_id.empty())
          summary.message_id = to_utf8(message_id(field.value).value_or(""));
        if (field.is("references") && summary.references.empty()) summary.references = message_ids(field.value);
        break;
      case 11:
        if (field.is("in-reply-to") && in_reply_to.empty()) in_reply_to = message_ids(field.value);
        break;
      default:
        break;
    }
  }
  summary.base_subject = base_subject(summary.subject);
  for (std::string& id : summary.references) id = to_utf8(id);
  if (!in_reply_to.empty()) {
    summary.in_reply_to = to_utf8(in_reply_to.front());
    if (summary.references.empty()) summary.references.push_back(summary.in_reply_to);
  }
  summary.has_attachments = has_attachments(message);
  return summary;
}

}  // namespace pennypost::message
