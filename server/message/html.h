// HTML as far as mail needs it: to text, its tags, the links in it. Never executes, fetches or fails.
#pragma once
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace pennypost::message {

/// The text of an HTML document in UTF-8: tags, comments, scripts and styles gone, entities decoded, blocks and <br> as
/// line ends, runs of white space as one space (not inside <pre>). Linear. Stops after about `most` octets of output.
std::string html_to_text(std::string_view html, std::size_t most = std::string::npos);

/// One tag as written: "<a href=...>"; comments, scripts and styles are passed over.
struct Tag {
  std::string name;      ///< lower case; "/a" for the closing tag
  std::string_view all;  ///< from < to >
};

/// All tags in their order.
std::vector<Tag> html_tags(std::string_view html);

/// The decoded value of an attribute of a tag, without case; empty when it has none.
std::string attribute(std::string_view tag, std::string_view name);

/// Text with its character references (&amp; &#39; &#x27; and the HTML 4 names) decoded.
std::string decode_entities(std::string_view text);

/// Text that stands for itself in a document and in a quoted attribute: < > & " ' as character references.
std::string html_escaped(std::string_view text);

}  // namespace pennypost::message
