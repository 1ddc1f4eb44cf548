// LIST (RFC 3501 6.3.8; options: RFC 5258, STATUS: RFC 5819, SPECIAL-USE: RFC 6154).
#pragma once
#include <string>
#include <vector>

#include "server/imap/command.h"
#include "server/imap/list_names.h"
#include "server/imap/status_items.h"

namespace pennypost::imap {

class List final : public Command {
 public:
  static constexpr CommandRow kRow{
      .name = "LIST", .in = In::authenticated, .capability = "CHILDREN LIST-EXTENDED LIST-STATUS SPECIAL-USE"};
  Result<void> parse(Arguments& in) override;
  Reply run(Session& session) override;

 private:
  void parse_selection(Arguments& in);
  void parse_return(Arguments& in);
  bool is_chosen(const std::string& name, const ListedName& entry, bool matched) const;
  std::string line(const std::string& name, const ListedName& entry, bool matched) const;

  std::string reference_;
  std::vector<std::string> patterns_;
  std::vector<StatusItem> status_;
  bool extended_ = false;           // some option was given
  bool only_subscribed_ = false;    // selection option SUBSCRIBED
  bool recursive_match_ = false;    // selection option RECURSIVEMATCH
  bool only_special_use_ = false;   // selection option SPECIAL-USE
  bool return_subscribed_ = false;  // return options
  bool return_children_ = false;
};

}  // namespace pennypost::imap
