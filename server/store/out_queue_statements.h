// The recording of send results as part of another commit. Private to store/.
#pragma once
#include <span>
#include <vector>

#include "server/store/connection.h"
#include "server/store/out_queue.h"

namespace pennypost::store {

struct ResultParams {
  std::vector<std::int64_t> ids;  ///< the parameter of kLockQueued and kFinishMessages
  Params record;                  ///< those of kRecordResults
};
ResultParams result_params(std::span<const SendResult> results);

/// To be run in this order.
extern const Sql kLockQueued;
extern const Sql kRecordResults;
extern const Sql kFinishMessages;

}  // namespace pennypost::store
