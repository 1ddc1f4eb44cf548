// Texts that the original fixed or that the specification proposes (spec 50 sections 1.4, 3.6); others stand beside
// their command.
#pragma once
#include <string_view>

namespace pennypost::imap {

/// Spec 50 section 3.6. Without a CAPABILITY code: the text is what clients and scanners have always seen.
inline constexpr std::string_view kGreeting = "* OK VPOP3 IMAP4 Server Ready\r\n";
inline constexpr std::string_view kSigningOff = "VPOP3 IMAP4 Server Signing off";
/// Spec 50 section 1.4, behind "* BYE ".
inline constexpr std::string_view kBlockedText = "Your connection has been blocked temporarily - Try again later";
inline constexpr std::string_view kNotAllowedText = "VPOP3 IMAP4 Server Access not allowed - See your administrator";
inline constexpr std::string_view kSilentText = "Autologout; idle for too long";
inline constexpr std::string_view kStoppingText = "[UNAVAILABLE] The server is stopping";
inline constexpr std::string_view kTooManyText = "[UNAVAILABLE] Too many connections";

}  // namespace pennypost::imap
