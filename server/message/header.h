// Header fields: reading them one by one, unfolding, and the subsets that IMAP asks for (RFC 5322 2.2, RFC 3501 6.4.5).
#pragma once
#include <cstdint>
#include <iterator>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "server/base/text.h"

namespace pennypost::message {

/// One field as it stands in the header.
struct Field {
  std::string_view name;   ///< without the white space and colon behind it
  std::string_view value;  ///< behind the colon, folds and leading space included, the last line end not
  std::string_view all;    ///< the whole field with its last line end

  /// True when the name is this one (no difference between A and a).
  bool is(std::string_view other) const;
};

/// Reads the fields of a header block from first to last in one pass, without memory of its own:
/// `for (const Field& f : Fields{header})`. Lines that are no field (a "From " line of an mbox) are passed over; the
/// empty line, the first line that cannot belong to a header and the end of the text end it. Line ends: CR LF or LF.
class Fields {
 public:
  explicit Fields(std::string_view header) : header_{header} {}

  class Iterator {
   public:
    using value_type = Field;
    using difference_type = std::ptrdiff_t;
    Iterator() = default;
    explicit Iterator(std::string_view header) : rest_{header}, first_line_{true} { ++*this; }
    const Field& operator*() const { return field_; }
    const Field* operator->() const { return &field_; }
    Iterator& operator++();
    void operator++(int) { ++*this; }
    bool operator==(std::default_sentinel_t) const { return done_; }
    /// What was not read yet; at the end: from the empty line (or the first line that is no field) on.
    std::string_view rest() const { return rest_; }

   private:
    std::string_view rest_;
    Field field_;
    bool first_line_ = false;
    bool done_ = false;
  };

  Iterator begin() const { return Iterator{header_}; }
  std::default_sentinel_t end() const { return {}; }

 private:
  std::string_view header_;
};

/// The header block at the start of `raw`, with the empty line that ends it if there is one.
std::string_view header_block(std::string_view raw);

/// The first field of this name; none when there is none.
std::optional<Field> find_field(std::string_view header, std::string_view name);

/// A field's value on one line: line ends and the white space of a fold become one space, outer space goes. Other
/// octets stay as they are.
std::string unfold(std::string_view value);

/// The decoded value in UTF-8 (unfold, then decode_words) of the first field of this name; empty when there is none.
std::string decoded_field(std::string_view header, std::string_view name);

enum class Subset : std::uint8_t {
  only,    ///< BODY[HEADER.FIELDS (...)]
  except,  ///< BODY[HEADER.FIELDS.NOT (...)]
};

/// The chosen fields, unchanged and in their order, with the empty line (CR LF) behind them (RFC 3501 6.4.5).
std::string header_subset(std::string_view header, Subset subset, std::span<const std::string> names);

}  // namespace pennypost::message
