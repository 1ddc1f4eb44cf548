// STATUS items as a table; the values are counters that the store keeps.
#include "server/imap/status_items.h"

#include <algorithm>
#include <array>

#include "server/imap/list_names.h"

namespace pennypost::imap {

namespace {
struct Row {
  std::string_view word;
  StatusItem item;
  std::int64_t (*value)(const store::Folder&);
};
constexpr std::array kRows = {
    Row{"MESSAGES", StatusItem::messages, [](const store::Folder& f) { return f.count; }},
    Row{"RECENT", StatusItem::recent, [](const store::Folder& f) { return f.recent; }},
    Row{"UIDNEXT", StatusItem::uid_next, [](const store::Folder& f) { return std::int64_t{number(f.uid_next)}; }},
    Row{"UIDVALIDITY", StatusItem::uid_validity,
        [](const store::Folder& f) { return std::int64_t{number(f.uid_validity)}; }},
    Row{"UNSEEN", StatusItem::unseen, [](const store::Folder& f) { return f.unread; }},
    Row{"HIGHESTMODSEQ", StatusItem::highest_mod_seq,
        [](const store::Folder& f) { return static_cast<std::int64_t>(number(f.mod_seq)); }},
    Row{"SIZE", StatusItem::size, [](const store::Folder& f) { return f.size.count; }},
};
}  // namespace

std::vector<StatusItem> parse_status_items(Arguments& in) {
  std::vector<StatusItem> items;
  in.expect('(');
  do {
    const std::size_t before = items.size();
    for (const Row& row : kRows) {
      if (!in.take_word(row.word)) continue;
      if (std::ranges::find(items, row.item) == items.end()) items.push_back(row.item);
      break;
    }
    if (items.size() == before && !in.next_is(' ') && !in.next_is(')')) in.fail("unknown STATUS item");
  } while (!in.failed() && in.take(' '));
  in.expect(')');
  if (items.empty()) in.fail("no STATUS item");
  return items;
}

std::string status_line(std::string_view name, const store::Folder& folder, const std::vector<StatusItem>& items) {
  std::string out = "* STATUS " + quote_name(name) + " (";
  for (const StatusItem item : items) {
    const auto row = std::ranges::find(kRows, item, &Row::item);
    if (out.back() != '(') out += ' ';
    out += row->word;
    out += ' ';
    out += std::to_string(row->value(folder));
  }
  return out + ")\r\n";
}

}  // namespace pennypost::imap
