// Which system user the program works as.
#pragma once
#include <filesystem>

#include "server/base/result.h"

namespace pennypost::main_program {

/// The system user that a server started by root becomes.
inline constexpr const char* kSystemUser = "pennypost";

/// Makes `data` (and missing parents) and settles whose it is. Started by root: a new folder, or one that root owns,
/// becomes the property of the system user `pennypost`, and that user is let through folders above it that would stop
/// it (an access-control entry with the right to pass, nothing more; each is named on standard error). Started by
/// another user: the folder must be that user's. Returns the absolute path. Errors name the folder and what to do.
Result<std::filesystem::path> prepare_data_folder(const std::filesystem::path& data);

enum class LowPorts {
  no,    ///< keep nothing of root
  bind,  ///< keep the right to bind ports below 1024 (CAP_NET_BIND_SERVICE), where root had it
};

/// Gives up root for good: user, groups and all capabilities but the one asked for become those of the owner of `data`.
/// Does nothing when not started by root. Call before there are threads. Afterwards the working folder is `/`.
Result<void> become_owner_of(const std::filesystem::path& data, LowPorts low_ports = LowPorts::no);

}  // namespace pennypost::main_program
