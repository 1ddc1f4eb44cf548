// Content-Type, Content-Disposition and other "value; name=value" fields (RFC 2045 section 5.1, RFC 2183, RFC 2231).
#pragma once
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace pennypost::message {

/// One parameter. Continuations (name*0, name*1) are joined; `extended` says that the value has the charset and the
/// percent signs of RFC 2231 section 4, and `name` then carries no star.
struct Parameter {
  std::string name;   ///< as written
  std::string value;  ///< unquoted, otherwise as written
  bool extended = false;
};

using Parameters = std::vector<Parameter>;

/// A media type with its parameters. Missing or senseless fields read as text/plain (RFC 2045 section 5.2).
struct ContentType {
  std::string type = "text";      ///< as written
  std::string subtype = "plain";  ///< as written
  Parameters parameters;

  /// Compares without case: is("text", "html"). An empty `b` stands for every subtype.
  bool is(std::string_view a, std::string_view b = {}) const;
};

/// attachment, inline, ... with its parameters.
struct Disposition {
  std::string value;  ///< as written
  Parameters parameters;
};

/// Reads the raw (folded) value of a Content-Type field. Takes what makes sense and leaves out the rest; at most
/// kMimeParameters parameters. None when there is no type and subtype in it.
std::optional<ContentType> parse_content_type(std::string_view value);

/// Reads the raw value of a Content-Disposition field. None when it begins with no word.
std::optional<Disposition> parse_disposition(std::string_view value);

/// The raw value of the first parameter of this name (without case); none when there is none.
std::optional<std::string_view> raw_parameter(const Parameters& parameters, std::string_view name);

/// The decoded value in UTF-8: RFC 2231, otherwise the RFC 2047 words that many programs put there against the rule.
std::optional<std::string> parameter(const Parameters& parameters, std::string_view name);

/// Writes `; name="value"`, with RFC 2231 when the value needs it, folded by CR LF SP before it. For building.
std::string write_parameter(std::string_view name, std::string_view utf8_value);

}  // namespace pennypost::message
