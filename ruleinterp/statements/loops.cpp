// What ForEach walks through (spec 10 section 6.23). Each type fills the items of the loop before its first pass, so
// changes of a bag inside the loop do not disturb it.
#include "ruleinterp/machine.h"
#include "ruleinterp/text.h"

namespace pennypost::ruleinterp {
namespace {

void each_address(Run& run, const Operand* field) {
  for (const std::string& address : run.mail().addresses(run.text(*field)))
    if (!address.empty()) run.add_item(address);  // a name alone, or <>, is none
}

void each_of_bag(Run& run, const Operand* bag) {
  for (const std::string_view item : run.bag(*bag)) run.add_lasting_item(item);
}

void each_header_line(Run& run, const Operand*) {
  for (const std::string_view line : run.derived().header_lines()) run.add_lasting_item(line);
}

void each_mime_section(Run& run, const Operand*) {
  for (const std::string_view line : run.derived().section_lines()) run.add_lasting_item(line);
}

void each_recipient(Run& run, const Operand*) {
  for (const std::string& recipient : run.recipients()) run.add_item(recipient);
}

void each_piece(Run& run, Source source) {
  for (const Piece& piece : run.derived().pieces_of(source)) run.add_lasting_item(piece.text);
}

void each_tag(Run& run, const Operand*) { each_piece(run, Source::tag); }
void each_url(Run& run, const Operand*) { each_piece(run, Source::url); }

constexpr auto kLoopTypes = std::to_array<LoopType>({
    {"Addr", "2.1.11", Takes::text, each_address, "each address in the header field that is named"},
    {"Bag", "2.2.1", Takes::bag, each_of_bag, "each value of a bag, in the order of adding"},
    {"Header", "2.2.1", Takes::nothing, each_header_line, "each field of the header, as Name: value, decoded"},
    {"MimeSection", "2.1.11", Takes::nothing, each_mime_section,
     "each MIME section, as number:IMAP id:type:size:lines:name"},
    {"Recipient", "2.1.7", Takes::nothing, each_recipient, "each recipient of the message"},
    {"Tag", "2.1.9", Takes::nothing, each_tag, "each HTML tag, without its < and >"},
    {"URL", "2.1.7", Takes::nothing, each_url, "each URL, decoded"},
});

}  // namespace

std::span<const LoopType> loop_types() { return kLoopTypes; }

const LoopType* find_loop_type(std::string_view word) {
  for (const LoopType& type : kLoopTypes)
    if (equal_ignoring_case(type.word, word)) return &type;
  return nullptr;
}

}  // namespace pennypost::ruleinterp
