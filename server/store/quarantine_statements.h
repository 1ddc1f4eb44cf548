// The statements on the quarantine that are part of a delivery. Private to store/.
#pragma once
#include "server/store/connection.h"

namespace pennypost::store {

/// Arrays of one length: account, body, prefix, time, score, rules, return path, folded from, folded subject,
/// recipients (line feeds between them).
extern const Sql kInsertQuarantined;
/// Account, newest id, number (spamfilter.mark_reported). Error: already_exists.
extern const Sql kMarkReported;

}  // namespace pennypost::store
