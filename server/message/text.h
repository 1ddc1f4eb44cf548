// What a reader sees of a message: decoded text, attachments with their names, URLs, the text that searches look at.
#pragma once
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "server/message/parse.h"

namespace pennypost::message {

/// The body of a part with its transfer encoding taken off: octets, as saved to a file.
std::string octets_of(const Message& message, std::uint32_t part, std::size_t most = std::string::npos);

/// The body of a text part in UTF-8: transfer encoding and charset taken off (for HTML: still with its tags). Stops
/// after about `most` octets of output. Empty for parts that are no text.
std::string text_of(const Message& message, std::uint32_t part, std::size_t most = std::string::npos);

/// The charset of the first text part that names one; empty when none does. What raw 8-bit header fields are likely in.
std::string first_charset(const Message& message);

/// A part that a mail program would show as a file.
struct Attachment {
  std::uint32_t part = 0;  ///< index in Message::parts
  std::string name;  ///< decoded file name in UTF-8, from Content-Disposition, otherwise Content-Type; may be empty
  std::string type;  ///< "image/png", lower case
  bool is_inline = false;    ///< Content-Disposition says inline, or it has a Content-ID inside multipart/related
  bool declared = false;     ///< Content-Disposition says attachment
  std::uint64_t octets = 0;  ///< size as it stands in the message, encoded
};

/// The attachments in the order of the message: every leaf that is no text, every part with a name or the disposition
/// attachment, and embedded messages (their own attachments too).
std::vector<Attachment> attachments(const Message& message);

/// True when a mail program would show a paper clip: something declared as attachment, with a file name (images that an
/// HTML part shows by Content-ID do not count), or an embedded message.
bool has_attachments(const Message& message);

/// Everything that SEARCH BODY/TEXT should find, case-folded UTF-8: decoded header fields as "name: value" lines when
/// `headers`, then all text parts (HTML as text), a line feed between them, at most `most` octets.
enum class SearchText : std::uint8_t { body, headers_and_body };
std::string search_text(const Message& message, SearchText what, std::size_t most);

/// The text that a person would read: all text parts that are no attachments, of multipart/alternative the plain one
/// (or the HTML one as text when there is no other), at most `most` octets. For summaries and rules.
std::string readable_text(const Message& message, std::size_t most);

/// URLs (http, https, ftp, mailto, and bare www. names) of text and HTML parts, each once, in their order, entities
/// decoded, at most kHtmlUrls. `most` limits the text looked at.
std::vector<std::string> urls(const Message& message, std::size_t most);

/// The same for one text in UTF-8.
void find_urls(std::string_view text, std::vector<std::string>& out);

}  // namespace pennypost::message
