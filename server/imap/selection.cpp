// Message numbers and UIDs of one view. Nothing here asks the database.
#include "server/imap/selection.h"

#include "server/imap/flags.h"

namespace pennypost::imap {

using store::Msn;

std::vector<Uid> Chosen::uids(const store::FolderSnapshot& now) const {
  std::vector<Uid> out;
  out.reserve(static_cast<std::size_t>(numbers.count()));
  for (const NumberRange& range : numbers.ranges()) {
    now.for_each(range.first, range.last, [&out](Msn, const store::FolderRow& row) {
      out.push_back(row.uid);
      return true;
    });
  }
  return out;
}

store::UidSet Chosen::uid_set(const store::FolderSnapshot& now) const {
  store::UidSet out;
  for (const NumberRange& range : numbers.ranges()) {
    now.for_each(range.first, range.last, [&out](Msn, const store::FolderRow& row) {
      out.add(row.uid);
      return true;
    });
  }
  return out;
}

Result<Chosen> choose(const store::FolderSnapshot& now, const SequenceSet& set, bool by_uid) {
  Chosen chosen;
  if (!by_uid) {
    // `1:*` of an empty folder is every message of it, which clients ask for without looking; there `*` is no number.
    if (now.exists() == 0 && set.uses_star()) return chosen;
    if (set.largest_written() > now.exists()) return error(Kind::bad_input, "there is no message of this number");
    chosen.numbers = set.resolve(now.exists());
    return chosen;
  }
  if (now.exists() == 0) return chosen;
  const Uid last = now.row(now.exists()).uid;
  const NumberSet wanted = set.resolve(number(last));
  for (const NumberRange& range : wanted.ranges()) {
    const Msn first = now.lower_bound(Uid{range.first});
    const Msn behind = range.last >= number(last) ? now.exists() + 1 : now.lower_bound(Uid{range.last + 1});
    if (first < behind) chosen.numbers.add(NumberRange{first, behind - 1});
  }
  return chosen;
}

std::string flags_line(const store::Keywords& keywords, bool permanent) {
  std::string out = "(";
  out += print_system_flags(store::Flags{31});
  for (const std::string& keyword : keywords) {
    out += ' ';
    out += keyword;
  }
  if (permanent) out += " \\*";
  return out + ")";
}

NumberSet to_number_set(const store::UidSet& uids) {
  NumberSet out;
  for (const store::UidRange& range : uids.ranges()) out.add(NumberRange{number(range.first), number(range.last)});
  return out;
}

}  // namespace pennypost::imap
