// The texts behind the selectors (spec 10 section 4.2). Needs the mail; each text is made once a run, when first asked
// for. Line ends of decoded texts become LF, so that $ stands where people expect it; raw texts stay as they came.
#include "ruleinterp/derived.h"

#include <algorithm>

#include <fmt/format.h>

#include "ruleinterp/text.h"

namespace pennypost::ruleinterp {
namespace {

constexpr std::size_t kRawMessage = 10 * 1024;  // "the first 10 kB"

}  // namespace

std::string_view Derived::keep(std::string text) {
  octets_ += text.size();
  return kept_.emplace_back(std::move(text));
}

std::vector<std::uint32_t> Derived::plain_sections(Role role) const {
  std::vector<std::uint32_t> found;
  const auto sections = mail_.sections();
  for (std::uint32_t i = 0; i < sections.size(); ++i)
    if (sections[i].role == role && sections[i].type == "text/plain") found.push_back(i);
  return found;
}

std::string_view Derived::section_text(std::uint32_t section) {
  for (const auto& [index, text] : section_texts_)
    if (index == section) return text;
  std::string_view text = mail_.text(section);
  if (text.find('\r') != std::string_view::npos) text = keep(with_line_feeds(text));
  section_texts_.emplace_back(section, text);
  return text;
}

const std::vector<Derived::Document>& Derived::documents() {
  if (documents_made_) return documents_;
  documents_made_ = true;
  const auto sections = mail_.sections();
  for (std::uint32_t i = 0; i < sections.size(); ++i) {
    if (sections[i].role != Role::body || sections[i].type != "text/html") continue;
    const std::string_view source = section_text(i);
    documents_.push_back({i, source, read_html(source)});
    octets_ += documents_.back().parts.text.size();
  }
  return documents_;
}

std::string_view Derived::decoded_subject() {
  const auto values = field_values("subject", false);
  return values.empty() ? std::string_view{} : values.front();
}

std::vector<std::string_view> Derived::field_values(std::string_view name, bool raw) const {
  std::vector<std::string_view> values;
  for (const HeaderField& field : mail_.fields())
    if (equal_ignoring_case(field.name, name)) values.push_back(raw ? field.raw : field.decoded);
  return values;
}

const std::vector<Piece>& Derived::pieces(const PieceSource& source, std::uint32_t index) {
  if (made_.size() <= index) made_.resize(index + 1);
  if (!made_[index].first) {
    std::vector<Piece> made;
    make(source, made);
    made_[index] = {true, std::move(made)};
  }
  return made_[index].second;
}

const std::vector<Piece>& Derived::pieces_of(Source source) {
  const auto [known, is_new] = for_loops_.try_emplace(source);
  if (is_new) make({source, {}}, known->second);
  return known->second;
}

const std::vector<std::string_view>& Derived::header_lines() {
  if (!header_lines_) {
    header_lines_.emplace();
    for (const HeaderField& field : mail_.fields())
      header_lines_->push_back(keep(fmt::format("{}: {}", field.name, field.decoded)));
  }
  return *header_lines_;
}

// <number>:<IMAP id>:<type>:<size>:<lines>:<name>
const std::vector<std::string_view>& Derived::section_lines() {
  if (!section_lines_) {
    section_lines_.emplace();
    std::size_t number = 0;
    for (const Section& s : mail_.sections())
      section_lines_->push_back(
          keep(fmt::format("{}:{}:{}:{}:{}:{}", ++number, s.imap_id, s.type, s.size, s.lines, s.name)));
  }
  return *section_lines_;
}

void Derived::make_urls(std::vector<Piece>& out, bool decoded) {
  const auto add = [&](std::string_view url, std::uint32_t order, bool html) {
    if (!decoded) return out.push_back({url, order});
    std::string written = html ? decode_entities(url) : std::string{url};
    std::erase_if(written, [](char c) { return c == '\r' || c == '\n' || c == '\t'; });  // as browsers do
    std::string text = decode_url(written);
    out.push_back({text == url ? url : keep(std::move(text)), order});
  };
  for (const std::uint32_t i : plain_sections(Role::body))
    for (const std::string_view url : urls_in_text(section_text(i))) add(url, i, false);
  for (const Document& document : documents()) {
    for (const std::string_view url : document.parts.links) add(url, document.section, true);
    for (const std::string_view url : urls_in_text(document.parts.text)) add(url, document.section, false);
  }
  std::ranges::stable_sort(out, {}, &Piece::order);
}

void Derived::make(const PieceSource& source, std::vector<Piece>& out) {
  switch (source.source) {
    case Source::text:
      for (const std::uint32_t i : plain_sections(Role::body)) out.push_back({section_text(i), i});
      break;
    case Source::text_attachment:
      for (const std::uint32_t i : plain_sections(Role::attachment)) out.push_back({section_text(i), i});
      break;
    case Source::html_text:
      for (const Document& document : documents()) out.push_back({document.parts.text, document.section});
      break;
    case Source::html_source:
      for (const Document& document : documents()) out.push_back({document.source, document.section});
      break;
    case Source::subject:
      for (const std::string_view value : field_values("subject", false)) out.push_back({value, 0});
      break;
    case Source::raw_header:
      out.push_back({mail_.raw_header(), 0});
      break;
    case Source::header: {
      std::string header;
      for (const HeaderField& field : mail_.fields())
        header.append(field.name).append(": ").append(field.decoded).append("\n");
      out.push_back({keep(std::move(header)), 0});
      break;
    }
    case Source::tag:
      for (const Document& document : documents())
        for (const std::string_view tag : document.parts.tags) out.push_back({tag, document.section});
      break;
    case Source::raw_url:
      make_urls(out, false);
      break;
    case Source::url:
      make_urls(out, true);
      break;
    case Source::attachment_name: {
      const auto sections = mail_.sections();
      for (std::uint32_t i = 0; i < sections.size(); ++i)
        if (!sections[i].name.empty()) out.push_back({sections[i].name, i});
      break;
    }
    case Source::raw_message:
      out.push_back({mail_.raw_start(kRawMessage), 0});
      break;
    case Source::field:
    case Source::raw_field:
      for (const std::string_view value : field_values(source.field, source.source == Source::raw_field))
        out.push_back({value, 0});
      if (out.empty()) out.push_back({{}, 0});  // an absent field has an empty value (spec 10 section 4.2)
      break;
  }
}

}  // namespace pennypost::ruleinterp
