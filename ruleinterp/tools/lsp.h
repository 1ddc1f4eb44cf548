// A language server for rule scripts (Language Server Protocol 3.17): diagnostics, hover with the manual's text,
// completion, and the way from a Goto to its label.
#pragma once
#include <iosfwd>
#include <map>
#include <string>
#include <vector>

namespace pennypost::ruleinterp {

/// One editor's server; one thread. Documents are known by their file:// URI; what is open goes before what is on disk.
class LanguageServer {
 public:
  /// Takes one message and gives the messages to send back. What is no JSON-RPC is answered with an error.
  std::vector<std::string> handle(const std::string& message);
  /// True after `exit`.
  bool ended() const { return ended_; }
  /// True after `shutdown`, without which `exit` is a failure.
  bool was_shut_down() const { return shut_down_; }

 private:
  std::vector<std::string> diagnostics_of(const std::string& uri);
  std::string hover(const std::string& uri, std::size_t line, std::size_t character) const;
  std::string completion(const std::string& uri, std::size_t line, std::size_t character) const;
  std::string definition(const std::string& uri, std::size_t line, std::size_t character) const;

  std::map<std::string, std::string> open_;  // text by URI
  bool ended_ = false, shut_down_ = false;
};

inline constexpr std::size_t kLspMessage = 32 * 1024 * 1024;  ///< octets of one message; a longer one ends the server

/// Serves until `exit` or the end of the input. Returns 0, or 1 when the input was no protocol or `exit` came without
/// `shutdown`.
int serve_editor(std::istream& in, std::ostream& out);

}  // namespace pennypost::ruleinterp
