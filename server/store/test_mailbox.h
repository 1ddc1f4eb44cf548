// For tests of any folder: what a mailbox holds.
#pragma once
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "server/store/store.h"

namespace pennypost::store {

/// The messages of a folder, whole, oldest first; none when there is no such folder.
inline std::vector<std::string> messages_in(Store& store, AccountId account, std::string_view name = "INBOX") {
  std::vector<std::string> out;
  const auto folder = store.folders().find(account, name);
  if (!folder) return out;
  std::vector<Uid> uids;
  for (std::uint32_t u = 1; u < number(folder->uid_next); ++u) uids.push_back(Uid{u});
  const auto read = store.messages().fetch_octets(folder->id, uids, [&](const Piece& piece) {
    if (piece.offset.count == 0) out.emplace_back();
    out.back() += piece.octets;
    return true;
  });
  EXPECT_TRUE(read.ok());
  return out;
}

}  // namespace pennypost::store
