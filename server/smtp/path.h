// Arguments of MAIL and RCPT: paths and parameters (RFC 5321 4.1.2, RFC 6531, RFC 3461 section 4, RFC 1870, RFC 4954).
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace pennypost::smtp {

/// A path between its angle brackets, source route taken off (RFC 5321 appendix C says to ignore it).
struct Path {
  std::string local;   ///< local part without quotes and backslashes; empty together with `domain` in "<>"
  std::string domain;  ///< as given: a name, an address literal with its brackets, or empty ("<postmaster>", "anna")
  bool utf8 = false;   ///< holds octets over 0x7f (valid UTF-8), so SMTPUTF8 is needed

  bool null() const { return local.empty() && domain.empty(); }
  /// `local@domain` with the local part quoted where it has to be; prints what reads back to the same Path.
  std::string text() const;
};

/// KEYWORD[=VALUE] of MAIL and RCPT. Keywords in capitals.
struct Parameter {
  std::string keyword;
  std::optional<std::string> value;
};

struct PathAndParameters {
  Path path;
  std::vector<Parameter> parameters;
};

enum class PathProblem {
  none,
  keyword,    ///< not "FROM:" or "TO:"
  path,       ///< not a path
  parameter,  ///< not a list of parameters, one twice, or more than kMostParameters
};

/// What may stand in the place of the path.
enum class PathKind {
  reverse,  ///< MAIL FROM: "<>" allowed
  forward,  ///< RCPT TO: never empty
};

inline constexpr std::size_t kMostPathOctets = 1000;  ///< RFC 5321 4.5.3.1.3 wants 256 at least; VERP and SRS need more
inline constexpr std::size_t kMostParameters = 16;

/// Reads `FROM:<path> parameters` or `TO:<path> parameters`. More lenient than the grammar where nothing is at risk,
/// because what the original accepted is accepted: blanks after the colon, no angle brackets, dots at odd places in
/// the local part. Never allows control characters, blanks outside quotes, or octets that are not UTF-8.
struct PathReading {
  PathProblem problem = PathProblem::none;
  PathAndParameters read;
};
PathReading read_path(std::string_view argument, PathKind kind);

/// xtext of RFC 3461 section 4 ("+41" is "A"); nothing when it is not xtext.
std::optional<std::string> decode_xtext(std::string_view in);
std::string encode_xtext(std::string_view in);

}  // namespace pennypost::smtp
