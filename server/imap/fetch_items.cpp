// FETCH items: a table of the words, and the grammar of sections (RFC 3501 section 9 "fetch-att", "section").
// Nothing but the text is needed; an unknown item or a section that cannot be is noted in the Arguments.
#include "server/imap/fetch_items.h"

#include <algorithm>
#include <array>

#include "server/base/limits.h"
#include "server/base/text.h"
#include "server/imap/atoms.h"

namespace pennypost::imap {

namespace {

struct Word {
  std::string_view text;
  Item item;
};
constexpr std::array kWords = {
    Word{"UID", Item::uid},
    Word{"FLAGS", Item::flags},
    Word{"INTERNALDATE", Item::internal_date},
    Word{"RFC822.SIZE", Item::rfc822_size},
    Word{"MODSEQ", Item::mod_seq},
    Word{"ENVELOPE", Item::envelope},
    Word{"BODYSTRUCTURE", Item::body_structure},
    Word{"BODY", Item::body_short},
};

/// RFC822 and its kin: the same octets as a section, under another name.
struct OldWord {
  std::string_view text;
  message::SectionText section;
  bool sets_seen;
};
constexpr std::array kOldWords = {
    OldWord{"RFC822", message::SectionText::whole, true},
    OldWord{"RFC822.HEADER", message::SectionText::header, false},
    OldWord{"RFC822.TEXT", message::SectionText::text, true},
};

struct Macro {
  std::string_view text;
  std::array<Item, 5> items;
  std::size_t count;
};
constexpr std::array kMacros = {
    Macro{"ALL", {Item::flags, Item::internal_date, Item::rfc822_size, Item::envelope, {}}, 4},
    Macro{"FAST", {Item::flags, Item::internal_date, Item::rfc822_size, {}, {}}, 3},
    Macro{"FULL", {Item::flags, Item::internal_date, Item::rfc822_size, Item::envelope, Item::body_short}, 5},
};

std::string_view word_of(Item item) { return std::ranges::find(kWords, item, &Word::item)->text; }

void append_astring(std::string& out, std::string_view text) {
  if (!text.empty() && std::ranges::all_of(text, is_astring_char)) {
    out += text;
    return;
  }
  out += '"';
  for (const char c : text) {
    if (c == '"' || c == '\\') out += '\\';
    out += c;
  }
  out += '"';
}

/// section-text behind the part number.
void parse_section_text(Arguments& in, Section& section) {
  using message::SectionText;
  if (in.take_word("HEADER.FIELDS.NOT") || in.take_word("HEADER.FIELDS")) {
    section.text = SectionText::header;
    section.fields = Section::Fields::only;
  } else if (in.take_word("HEADER")) {
    section.text = SectionText::header;
  } else if (in.take_word("TEXT")) {
    section.text = SectionText::text;
  } else if (in.take_word("MIME")) {
    if (section.path.empty()) return in.fail("MIME needs a part number");
    section.text = SectionText::mime;
  } else {
    return in.fail("expected HEADER, HEADER.FIELDS, TEXT, MIME or a part number");
  }
}

void parse_field_names(Arguments& in, Section& section) {
  in.space();
  in.expect('(');
  do {
    std::string name = in.astring();
    // A name goes back to the client in the label of the response: only what fits between quotes may.
    if (std::ranges::any_of(name, [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == '\x7f'; }))
      return in.fail("this cannot be the name of a header field");
    section.names.push_back(std::move(name));
    if (section.names.size() > std::size_t{kImapHeaderNames.most}) return in.fail("too many header fields");
  } while (in.take(' '));
  in.expect(')');
}

Section parse_section(Arguments& in) {
  Section section;
  in.expect('[');
  if (in.take(']')) return section;
  bool text_follows = true;
  while (is_digit(in.next())) {
    section.path.push_back(in.nz_number());
    if (section.path.size() > std::size_t{kImapSectionLevels.most}) in.fail("too many levels");
    text_follows = in.take('.');
    if (!text_follows) break;
  }
  if (text_follows) {
    const std::size_t begin = in.place();
    parse_section_text(in, section);
    if (section.fields == Section::Fields::only) {
      if (same_word(in.since(begin), "HEADER.FIELDS.NOT")) section.fields = Section::Fields::except;
      parse_field_names(in, section);
    }
  }
  in.expect(']');
  return section;
}

std::string print_section(const Section& section) {
  std::string out;
  for (const std::uint32_t level : section.path) {
    if (!out.empty()) out += '.';
    out += std::to_string(level);
  }
  if (section.text == message::SectionText::whole) return out;
  if (!out.empty()) out += '.';
  switch (section.text) {
    case message::SectionText::whole:
      break;
    case message::SectionText::text:
      out += "TEXT";
      break;
    case message::SectionText::mime:
      out += "MIME";
      break;
    case message::SectionText::header:
      out += "HEADER";
      break;
  }
  if (section.fields == Section::Fields::all) return out;
  out += section.fields == Section::Fields::only ? ".FIELDS (" : ".FIELDS.NOT (";
  for (std::size_t i = 0; i < section.names.size(); ++i) {
    if (i > 0) out += ' ';
    append_astring(out, section.names[i]);
  }
  out += ')';
  return out;
}

void parse_body_section(Arguments& in, FetchItems& items, bool peek) {
  FetchItem item;
  item.item = Item::section;
  item.sets_seen = !peek;
  item.section = parse_section(in);
  item.label = "BODY[" + print_section(item.section) + "]";
  if (in.take('<')) {
    Partial partial;
    partial.offset = in.number();
    in.expect('.');
    partial.count = in.nz_number();
    in.expect('>');
    item.label += "<" + std::to_string(partial.offset) + ">";
    item.partial = partial;
  }
  if (!in.failed()) items.add(std::move(item));
}

void parse_item(Arguments& in, FetchItems& items) {
  if (items.items.size() >= std::size_t{kImapFetchItems.most}) return in.fail("too many items");
  if (in.take_word("BODY.PEEK")) return parse_body_section(in, items, true);
  const std::size_t begin = in.place();
  if (in.take_word("BODY") && in.next_is('[')) return parse_body_section(in, items, false);
  if (!in.failed() && in.place() != begin) return items.add(Item::body_short);
  for (const Word& word : kWords)
    if (in.take_word(word.text)) return items.add(word.item);
  for (const OldWord& word : kOldWords) {
    if (!in.take_word(word.text)) continue;
    FetchItem item;
    item.item = Item::section;
    item.section.text = word.section;
    item.sets_seen = word.sets_seen;
    item.label = word.text;
    return items.add(std::move(item));
  }
  in.fail(in.at_end() ? "missing argument" : "unknown FETCH item");
}

}  // namespace

bool FetchItems::has(Item item) const { return std::ranges::find(items, item, &FetchItem::item) != items.end(); }

bool FetchItems::sets_seen() const { return std::ranges::any_of(items, &FetchItem::sets_seen); }

void FetchItems::add(Item item) {
  FetchItem made;
  made.item = item;
  made.label = word_of(item);
  add(std::move(made));
}

void FetchItems::add(FetchItem item) {
  for (FetchItem& there : items) {
    if (there.label != item.label || there.partial != item.partial) continue;
    there.sets_seen |= item.sets_seen;  // BODY[] beside BODY.PEEK[]: one answer, and \Seen
    return;
  }
  items.push_back(std::move(item));
}

std::string FetchItems::print() const {
  std::string out = "(";
  for (const FetchItem& item : items) {
    if (out.size() > 1) out += ' ';
    if (item.item == Item::section && item.label.starts_with("BODY[")) {
      out += item.sets_seen ? "BODY[" : "BODY.PEEK[";
      out += print_section(item.section) + "]";
      if (item.partial)
        out += "<" + std::to_string(item.partial->offset) + "." + std::to_string(item.partial->count) + ">";
    } else {
      out += item.label;
    }
  }
  return out + ")";
}

FetchItems parse_fetch_items(Arguments& in) {
  FetchItems items;
  for (const Macro& macro : kMacros) {
    if (!in.take_word(macro.text)) continue;
    for (std::size_t i = 0; i < macro.count; ++i) items.add(macro.items[i]);
    return items;
  }
  if (!in.take('(')) {
    parse_item(in, items);
    return items;
  }
  do {
    parse_item(in, items);
  } while (!in.failed() && in.take(' '));
  in.expect(')');
  return items;
}

}  // namespace pennypost::imap
