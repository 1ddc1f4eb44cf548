// Giving memory back before a session sleeps for long.
#pragma once

namespace pennypost::imap {

/// Returns the pages of this thread's stack below the present frame to the system: deep calls before (TLS, database)
/// have touched them, a sleeping session does not need them. They read as zero when they are used again.
void release_stack();

}  // namespace pennypost::imap
