// The texts that selectors search, made of the mail when first asked for and kept for the run (spec 10 section 4.2).
#pragma once
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "ruleinterp/host.h"
#include "ruleinterp/program.h"

namespace pennypost::ruleinterp {

/// A text to search. `order` is its section, so that texts of several sources come in message order.
struct Piece {
  std::string_view text;
  std::uint32_t order = 0;
};

/// An HTML document taken apart; views point into the source or into the reader's own texts.
struct HtmlParts {
  std::string text;                     ///< without tags, scripts, styles and comments; entities decoded
  std::vector<std::string_view> tags;   ///< what stands between < and >, comments and declarations left out
  std::vector<std::string_view> links;  ///< values of href, src, action, background, cite, as written
};

/// Reads HTML as mail programs do: anything is accepted.
HtmlParts read_html(std::string_view source);

/// Character references of HTML turned into UTF-8; unknown ones stay as they are.
std::string decode_entities(std::string_view text);

/// URLs in plain text: scheme://..., www. ..., as written, without the punctuation that follows them.
std::vector<std::string_view> urls_in_text(std::string_view text);

/// %xx turned into octets.
std::string decode_url(std::string_view url);

/// One run's texts. Views stay valid as long as it lives.
class Derived {
 public:
  explicit Derived(const Mail& mail) : mail_{mail} {}

  const std::vector<Piece>& pieces(const PieceSource& source, std::uint32_t index);
  /// The same for ForEach, which has no source of the program at hand.
  const std::vector<Piece>& pieces_of(Source source);
  /// "Name: value" of each field, decoded.
  const std::vector<std::string_view>& header_lines();
  /// What ForEach MimeSection says of each section.
  const std::vector<std::string_view>& section_lines();
  std::string_view decoded_subject();
  /// The values of a field, in message order.
  std::vector<std::string_view> field_values(std::string_view name, bool raw) const;
  /// Octets of all texts made here; the machine counts them as memory of the run.
  std::uint64_t octets() const { return octets_; }

 private:
  struct Document {
    std::uint32_t section;
    std::string_view source;
    HtmlParts parts;
  };
  const std::vector<Document>& documents();
  std::string_view keep(std::string text);
  std::string_view section_text(std::uint32_t section);
  void make(const PieceSource& source, std::vector<Piece>& out);
  void make_urls(std::vector<Piece>& out, bool decoded);
  std::vector<std::uint32_t> plain_sections(Role role) const;

  const Mail& mail_;
  std::deque<std::string> kept_;
  std::vector<std::pair<std::uint32_t, std::string_view>> section_texts_;
  std::vector<std::pair<bool, std::vector<Piece>>> made_;  // by index of the program's source
  std::map<Source, std::vector<Piece>> for_loops_;
  std::optional<std::vector<std::string_view>> header_lines_, section_lines_;
  std::vector<Document> documents_;
  bool documents_made_ = false;
  std::uint64_t octets_ = 0;
};

}  // namespace pennypost::ruleinterp
