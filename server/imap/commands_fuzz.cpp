// Any octets as the text of a command: every parser of the table reads them, and what FETCH and SEARCH print back
// parses to the same again. The first octet chooses the command and the UID form.
#include <cstdlib>

#include "server/imap/commands.h"
#include "server/imap/fetch_items.h"
#include "server/imap/search_tree.h"

namespace {

using namespace pennypost;
using namespace pennypost::imap;

void require(bool holds) {
  if (!holds) std::abort();
}

void fetch_prints_back(std::string_view text) {
  Arguments in{text};
  const FetchItems items = parse_fetch_items(in);
  if (!in.end()) return;
  const std::string printed = items.print();
  Arguments again{printed};
  const FetchItems second = parse_fetch_items(again);
  require(again.end().ok() && second.print() == printed);
}

void search_prints_back(std::string_view text) {
  Arguments in{text};
  const SearchNode tree = parse_search(in, {});
  if (!in.end()) return;
  const SearchNode simple = simplify(tree);
  require(simplify(simple) == simple);
  const std::string printed = print(tree);
  Arguments again{printed};
  const SearchNode second = parse_search(again, {});
  // The depth limit may refuse the printed form, whose lists stand in parentheses.
  if (again.end()) require(simplify(second) == simple);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::string_view text{reinterpret_cast<const char*>(data) + 1, size - 1};
  const auto commands = all_commands();
  Arguments in{text, {}, 0, (data[0] & 0x80) != 0};
  const auto command = commands[(data[0] & 0x7f) % commands.size()].make();
  (void)command->parse(in);
  fetch_prints_back(text);
  search_prints_back(text);
  return 0;
}
