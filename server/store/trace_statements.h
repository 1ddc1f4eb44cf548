// The writing of a trace as part of another commit. Private to store/.
#pragma once
#include "server/store/connection.h"
#include "server/store/trace.h"

namespace pennypost::store {

extern const Sql kTraceWrite;
Params trace_params(const TraceRecord& record);

}  // namespace pennypost::store
