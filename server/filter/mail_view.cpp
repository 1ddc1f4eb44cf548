// The mail of a rule script, made of a parsed message (spec 10 sections 4.2, 6.23, 6.25). Needs the message in memory;
// nothing fails: what cannot be decoded is given as it stands. Texts are cut at kTextToSearch.
#include "server/filter/mail_view.h"

#include <algorithm>

#include "ruleinterp/text.h"
#include "server/message/address.h"
#include "server/message/charset.h"
#include "server/message/encoded_words.h"
#include "server/message/header.h"
#include "server/message/text.h"

namespace pennypost::filter {
namespace {

constexpr std::size_t kTextToSearch = 16 * 1024 * 1024;  // of one section, in UTF-8

const char* word(message::Encoding encoding) {
  switch (encoding) {
    case message::Encoding::seven_bit:
      return "7bit";
    case message::Encoding::eight_bit:
      return "8bit";
    case message::Encoding::binary:
      return "binary";
    case message::Encoding::quoted_printable:
      return "quoted-printable";
    case message::Encoding::base64:
      return "base64";
    case message::Encoding::uuencode:
      return "x-uuencode";
    case message::Encoding::unknown:
      return "unknown";
  }
  return "";
}

bool is_plain_ascii(std::string_view text) {
  return std::ranges::all_of(text, [](char c) { return static_cast<unsigned char>(c) < 0x80; });
}

}  // namespace

std::string_view MailView::raw_header() const { return message_.fields(); }

std::span<const ruleinterp::HeaderField> MailView::fields() const {
  if (fields_made_) return fields_;
  fields_made_ = true;
  for (const message::Field& field : message::Fields{message_.header()}) {
    ruleinterp::HeaderField made;
    made.name = field.name;
    const bool folded = field.value.find_first_of("\r\n") != std::string_view::npos;
    made.raw = folded ? keep(message::unfold(field.value)) : ruleinterp::trim(field.value);
    const bool plain = made.raw.find("=?") == std::string_view::npos && is_plain_ascii(made.raw);
    made.decoded = plain ? made.raw : keep(message::decode_words(made.raw));
    fields_.push_back(made);
  }
  return fields_;
}

std::span<const ruleinterp::Section> MailView::sections() const {
  if (sections_made_) return sections_;
  sections_made_ = true;
  const std::vector<message::Attachment> attachments = message::attachments(message_);
  for (std::uint32_t part = 0; part < message_.parts.size(); ++part) {
    const message::PartRange& range = message_.tree.parts[part];
    if (range.kind == message::PartKind::multipart) continue;
    const message::ContentType& type = message_.parts[part].type;
    ruleinterp::Section made;
    std::string number = message::part_number(message_.tree, part);
    made.imap_id = number.empty() ? std::string_view{"1"} : keep(std::move(number));
    made.type = keep(ruleinterp::lower(type.type + "/" + type.subtype));
    made.encoding = word(range.encoding);
    made.size = range.body().size();
    made.lines = range.lines;
    const auto attachment = std::ranges::find(attachments, part, &message::Attachment::part);
    if (attachment != attachments.end()) {
      made.name = keep(attachment->name);
      // What mail programs show as the text is read as one, whatever file name it has, unless it is declared an
      // attachment.
      const bool shown_as_text = (type.is("text", "plain") || type.is("text", "html")) && !attachment->declared;
      made.role = shown_as_text                                    ? ruleinterp::Role::body
                  : attachment->is_inline && !attachment->declared ? ruleinterp::Role::inlined
                                                                   : ruleinterp::Role::attachment;
    }
    sections_.push_back(made);
    parts_.push_back(part);
  }
  texts_.resize(sections_.size());
  return sections_;
}

std::string_view MailView::content(std::size_t index, std::size_t most) const {
  if (index >= sections().size()) return {};
  return keep(message::octets_of(message_, parts_[index], most));
}

std::string_view MailView::text(std::size_t index) const {
  if (index >= sections().size()) return {};
  if (!texts_[index]) texts_[index] = keep(message::text_of(message_, parts_[index], kTextToSearch));
  return *texts_[index];
}

std::vector<std::string> MailView::addresses(std::string_view field_name) const {
  std::vector<std::string> found;
  for (const ruleinterp::HeaderField& field : fields()) {
    if (!ruleinterp::equal_ignoring_case(field.name, field_name)) continue;
    for (const message::Address& address : message::mailboxes(field.raw)) found.push_back(message::addr_spec(address));
  }
  return found;
}

std::vector<std::string> recipients_in_header(const ruleinterp::Mail& mail) {
  std::vector<std::string> recipients;
  for (const char* name : {"To", "Cc", "Bcc"})
    for (std::string& address : mail.addresses(name))
      if (std::ranges::find(recipients, address) == recipients.end()) recipients.push_back(std::move(address));
  return recipients;
}

}  // namespace pennypost::filter
