// What must hold for every message, whatever its octets: used by the property tests and by the fuzz target.
#pragma once
#include <algorithm>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "server/message/charset.h"
#include "server/message/header.h"
#include "server/message/parse.h"
#include "server/message/structure.h"
#include "server/message/summary.h"
#include "server/message/text.h"
#include "server/message/transfer.h"

namespace pennypost::message::invariants {

/// A value of an IMAP response as a client reads it: NIL, a number or a string (with its octets), or a list.
struct Value {
  enum class Kind : std::uint8_t { nil, number, string, list } kind = Kind::nil;
  std::string text;
  std::vector<Value> list;
};

/// Reads one value off the front of `in`, as strictly as RFC 3501 section 9 has it; none when it is not one.
inline std::optional<Value> read_value(std::string_view& in) {
  const auto octet = [&in] { return in.empty() ? '\0' : in.front(); };
  Value value;
  if (in.starts_with("NIL")) {
    in.remove_prefix(3);
    return value;
  }
  if (octet() == '(') {
    value.kind = Value::Kind::list;
    in.remove_prefix(1);
    while (octet() != ')') {
      if (!value.list.empty() && octet() == ' ') in.remove_prefix(1);
      auto one = read_value(in);
      if (!one) return std::nullopt;
      value.list.push_back(std::move(*one));
    }
    in.remove_prefix(1);
    if (value.list.empty()) return std::nullopt;
    return value;
  }
  if (octet() == '"') {
    value.kind = Value::Kind::string;
    for (in.remove_prefix(1); octet() != '"'; in.remove_prefix(1)) {
      if (octet() == '\\') {
        in.remove_prefix(1);
        if (octet() != '\\' && octet() != '"') return std::nullopt;
      }
      if (octet() <= 0 || octet() == '\r' || octet() == '\n') return std::nullopt;
      value.text += octet();
    }
    in.remove_prefix(1);
    return value;
  }
  const bool literal = octet() == '{';
  if (literal) in.remove_prefix(1);
  std::size_t number = 0;
  std::size_t digits = 0;
  for (; octet() >= '0' && octet() <= '9' && digits < 15; in.remove_prefix(1), ++digits) {
    number = number * 10 + static_cast<std::size_t>(octet() - '0');
  }
  if (digits == 0) return std::nullopt;
  if (!literal) {
    value.kind = Value::Kind::number;
    value.text = std::to_string(number);
    return value;
  }
  if (!in.starts_with("}\r\n") || in.size() < number + 3) return std::nullopt;
  value.kind = Value::Kind::string;
  value.text = in.substr(3, number);
  if (value.text.find('\0') != std::string::npos) return std::nullopt;
  in.remove_prefix(number + 3);
  return value;
}

/// The whole of `in` as one list; none when it is anything else.
inline std::optional<Value> read_list(std::string_view in) {
  auto value = read_value(in);
  if (!value || !in.empty() || value->kind != Value::Kind::list) return std::nullopt;
  return value;
}

/// The first thing that is wrong with the ranges of the tree; empty when they hold.
inline std::string broken_range(const Message& message) {
  const auto& parts = message.tree.parts;
  if (parts.empty() || parts.size() != message.parts.size()) return "no parts, or more ranges than parts";
  if (parts[0].header_begin != 0 || parts[0].end != message.raw.size() || parts[0].after != parts.size())
    return "the message is not whole";
  for (std::uint32_t i = 0; i < parts.size(); ++i) {
    const PartRange& part = parts[i];
    const std::string which = "part " + std::to_string(i) + ": ";
    if (part.header_begin > part.body_begin || part.body_begin > part.end)
      return which + "header, body and end are out of order";
    if (part.after <= i || part.after > parts.size()) return which + "wrong number of parts inside";
    if ((part.kind == PartKind::leaf) != (part.after == i + 1))
      return which + "a leaf with parts, or none where some must be";
    const std::string_view body = message.body(i);
    if (part.lines != static_cast<std::uint64_t>(std::count(body.begin(), body.end(), '\n')))
      return which + "wrong line count";
    std::uint64_t from = part.body_begin;
    std::uint32_t children = 0;
    for (std::uint32_t child = i + 1; child < part.after; child = parts[child].after, ++children) {
      if (parts[child].parent != i) return which + "a child does not know it";
      if (parts[child].header_begin < from || parts[child].end > part.end)
        return which + "a child lies outside or over another";
      from = parts[child].end;
    }
    if (part.kind == PartKind::embedded &&
        (children != 1 || parts[i + 1].header_begin != part.body_begin || parts[i + 1].end != part.end)) {
      return which + "the embedded message is not its body";
    }
  }
  return {};
}

/// "1.2" as {1, 2}.
inline std::vector<std::uint32_t> path_of(const std::string& number) {
  std::vector<std::uint32_t> path;
  for (std::size_t i = 0; i < number.size();) {
    std::size_t used = 0;
    path.push_back(static_cast<std::uint32_t>(std::stoul(number.substr(i), &used)));
    i += used + 1;
  }
  return path;
}

/// Compares a BODYSTRUCTURE with what BODY[number] gives, part by part.
inline std::string broken_structure(const Message& message, const Value& body, std::vector<std::uint32_t> path,
                                    bool is_message) {
  const auto sections = [&](const std::vector<std::uint32_t>& at) {
    return section_range(message.tree, at, SectionText::whole);
  };
  if (body.kind != Value::Kind::list || body.list.empty()) return "a body is no list";
  if (body.list[0].kind == Value::Kind::list) {
    path.push_back(0);
    for (const Value& child : body.list) {
      if (child.kind != Value::Kind::list) break;
      ++path.back();
      if (auto why = broken_structure(message, child, path, false); !why.empty()) return why;
    }
    ++path.back();
    return sections(path) ? "BODYSTRUCTURE has fewer parts than the message" : "";
  }
  if (is_message) path.push_back(1);
  const auto range = sections(path);
  if (!range) return "BODYSTRUCTURE names a part that BODY[] does not have";
  if (body.list.size() < 8 || body.list[6].kind != Value::Kind::number) return "a body of one part is too short";
  if (body.list[6].text != std::to_string(range->size())) return "size in BODYSTRUCTURE differs from BODY[]";
  const std::string_view text = message.text(*range);
  const std::string lines = std::to_string(std::count(text.begin(), text.end(), '\n'));
  if (same_word(body.list[0].text, "text") && body.list[7].text != lines)
    return "lines in BODYSTRUCTURE differ from BODY[]";
  const auto index = find_part(message.tree, path);
  if (message.tree.parts[*index].kind != PartKind::embedded) return {};
  if (body.list.size() < 10 || body.list[7].list.size() != 10 || body.list[9].text != lines)
    return "an embedded message lacks something";
  if (!section_range(message.tree, path, SectionText::header)) return "an embedded message has no HEADER";
  return broken_structure(message, body.list[8], path, true);
}

/// The first invariant that does not hold for this message; empty when all do.
inline std::string broken(std::string_view raw) {
  const Message message = parse(raw);
  if (auto why = broken_range(message); !why.empty()) return why;

  const std::string stored = encode_parts(message);
  const auto again = decode_parts(stored);
  if (!again || !(*again == message.tree)) return "the stored parts read back differently";
  for (std::uint32_t i = 0; i < message.parts.size(); i += 1 + i / 16) {
    const auto path = path_of(part_number(message.tree, i));
    const auto found = find_part(message.tree, path);
    const bool unnumbered =
        message.tree.parts[i].kind == PartKind::multipart && i > 0 && found == message.tree.parts[i].parent;
    if (!found || (*found != i && !unnumbered)) return "part " + std::to_string(i) + " is not found by its number";
  }

  const auto fields = read_list(envelope(message));
  if (!fields || fields->list.size() != 10) return "ENVELOPE is not a list of ten";
  const std::string extended = bodystructure(message);
  const auto structure = read_list(extended);
  if (!structure) return "BODYSTRUCTURE is not a list";
  const std::string basic = body(message);
  if (!read_list(basic)) return "BODY is not a list";
  if (body_of_bodystructure(extended) != basic) return "BODY differs from what BODYSTRUCTURE says";
  if (auto why = broken_structure(message, *structure, {}, true); !why.empty()) return why;

  const Summary summary = summarize(message);
  for (const std::string* text : {&summary.subject, &summary.base_subject, &summary.from_name, &summary.from_addr,
                                  &summary.sender_addr, &summary.message_id, &summary.in_reply_to}) {
    if (!is_utf8(*text) || text->find('\0') != std::string::npos) return "the summary is not clean UTF-8";
  }
  for (const auto* list : {&summary.reply_to, &summary.to, &summary.cc, &summary.references}) {
    if (!std::ranges::all_of(*list, [](const std::string& text) { return is_utf8(text); }))
      return "a list of the summary is not UTF-8";
  }
  constexpr std::size_t kMost = 100'000;
  const std::string search = search_text(message, SearchText::headers_and_body, kMost);
  if (search.size() > kMost || !is_utf8(search)) return "the search text is too long or not UTF-8";
  const std::string readable = readable_text(message, kMost);
  if (!is_utf8(readable)) return "the readable text is not UTF-8";
  for (const Attachment& attachment : attachments(message)) {
    if (!is_utf8(attachment.name)) return "the name of an attachment is not UTF-8";
  }
  for (const std::string& url : urls(message, kMost)) {
    if (url.empty()) return "an empty URL";
  }

  const std::string names[] = {"Subject", "received"};
  std::size_t all = 0;
  for (const Field& field : Fields{message.header()}) all += field.all.size() + (field.all.ends_with('\n') ? 0 : 2);
  const std::size_t both = header_subset(message.header(), Subset::only, names).size() +
                           header_subset(message.header(), Subset::except, names).size();
  if (both != all + 4) return "the two header subsets are not the header";
  return {};
}

/// Decoding gives the same however the input is cut: all at once, and in pieces of `size` octets.
inline bool same_in_pieces(Encoding encoding, std::string_view in, std::size_t size) {
  std::string pieces;
  Decoder decoder{encoding};
  for (std::size_t i = 0; i < in.size(); i += size) decoder.push(in.substr(i, size), pieces);
  decoder.finish(pieces);
  return pieces == decode(encoding, in);
}

}  // namespace pennypost::message::invariants
