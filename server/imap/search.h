// SEARCH and UID SEARCH (RFC 3501 6.4.4; RETURN: RFC 4731).
#pragma once
#include <optional>
#include <string>

#include "server/imap/command.h"
#include "server/imap/search_tree.h"

namespace pennypost::imap {

class SearchCommand final : public Command {
 public:
  static constexpr CommandRow kRow{.name = "SEARCH",
                                   .in = In::selected,
                                   .uses = Uses::numbers,
                                   .has_uid_form = true,
                                   .capability = "ESEARCH WITHIN"};
  Result<void> parse(Arguments& in) override;
  Reply run(Session& session) override;

 private:
  void parse_return(Arguments& in);

  bool by_uid_ = false;
  bool extended_ = false;  // RETURN was given: the answer is ESEARCH
  bool min_ = false;
  bool max_ = false;
  bool all_ = false;
  bool count_ = false;
  std::optional<std::string> unknown_charset_;
  SearchNode tree_;
};

}  // namespace pennypost::imap
