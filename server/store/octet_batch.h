// The octets of some messages of one folder, read in one statement. Private to store/.
#pragma once
#include <atomic>
#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

#include "server/store/connection.h"
#include "server/store/messages.h"
#include "server/store/workers.h"

namespace pennypost::store {

inline constexpr std::int64_t kChunk = 256 * 1024;  // octets in one row of messages.chunks

class OctetBatch final : public Task {
 public:
  enum class What {
    sizes,         ///< and prefixes
    first_chunks,  ///< sizes, prefixes and the first kChunk octets of the bodies
  };
  OctetBatch(Database& database, FolderId folder, std::vector<Uid> uids, What what)
      : database_{database}, folder_{folder}, uids_{std::move(uids)}, what_{what} {}

  const std::vector<Uid>& uids() const { return uids_; }
  bool has_chunks() const { return what_ == What::first_chunks; }

  // After finish():
  const std::optional<Error>& failure() const { return failure_; }
  const Rows& rows() const { return rows_; }
  /// Where the message stands in rows(); none when it is gone.
  std::optional<int> row(Uid uid) const;
  /// Octets of a message that stand in rows(), on average; what the next batch is measured by.
  std::int64_t mean() const { return mean_; }

 private:
  void work() override;

  Database& database_;
  const FolderId folder_;
  const std::vector<Uid> uids_;
  const What what_;
  Rows rows_;
  std::vector<std::pair<std::int64_t, int>> order_;  // UID, row
  std::int64_t mean_ = kChunk;
  std::optional<Error> failure_;
};

}  // namespace pennypost::store
