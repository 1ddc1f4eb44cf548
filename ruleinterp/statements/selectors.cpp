// The data that searches look at (spec 10 section 4.2). Any other word is the name of a header field, and Raw-<name>
// the same without decoding; a selector's name hides a field of that name.
#include "ruleinterp/tables.h"
#include "ruleinterp/text.h"

namespace pennypost::ruleinterp {
namespace {

using enum Source;

constexpr auto kSelectors = std::to_array<Selector>({
    {"anytext", "2.1.7", {subject, text, html_text}, 3, "like body, plus the subject"},
    {"anytexta", "2.1.7", {subject, text, html_text, text_attachment}, 4, "like bodya, plus the subject"},
    {"attachment", "2.1.11", {attachment_name}, 1, "the file name of each attachment"},
    {"blacklist", "2.1.7", {}, 0, "whether the search text, an address, is in the spam blacklist"},
    {"body", "2.1.7", {text, html_text}, 2, "each plain text or HTML part; HTML without its tags"},
    {"bodya", "2.1.7", {text, html_text, text_attachment}, 3, "like body, plus plain text attachments"},
    {"header", "2.1.7", {header}, 1, "the whole header, encoded words decoded"},
    {"htmlsource", "2.1.7", {html_source}, 1, "the source of each HTML part"},
    {"htmlsourcea", "2.1.7", {html_source, text_attachment}, 2, "like htmlsource, plus plain text attachments"},
    {"htmltext", "2.1.7", {html_text}, 1, "the text of each HTML part without its tags"},
    {"htmltexta", "2.1.7", {html_text, text_attachment}, 2, "like htmltext, plus plain text attachments"},
    {"raw-header", "2.1.7", {raw_header}, 1, "the whole header as it came, nothing decoded"},
    {"rawmessage", "2.2.1", {raw_message}, 1, "the first 10 kB of the message as it came"},
    {"rawurl", "2.1.7", {raw_url}, 1, "each URL as it stands in the message"},
    {"tag", "2.1.7", {tag}, 1, "each HTML tag"},
    {"text", "2.1.7", {text}, 1, "each plain text part, not attachments"},
    {"texta", "2.1.7", {text, text_attachment}, 2, "like text, plus plain text attachments"},
    {"url", "2.1.7", {url}, 1, "each URL, %xx decoded"},
    {"whitelist", "2.1.7", {}, 0, "whether the search text, an address, is in the spam whitelist"},
});

}  // namespace

std::span<const Selector> selectors() { return kSelectors; }

const Selector* find_selector(std::string_view word) {
  for (const Selector& selector : kSelectors)
    if (equal_ignoring_case(selector.word, word)) return &selector;
  return nullptr;
}

}  // namespace pennypost::ruleinterp
