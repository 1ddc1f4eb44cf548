// SASLprep through ICU's StringPrep (RFC 4013, RFC 3454). Needs ICU's built-in data; when that cannot be loaded every
// text outside ASCII counts as not preparable, so passwords are then compared octet by octet.
#include "server/auth/saslprep.h"

#include <vector>

#include <unicode/usprep.h>
#include <unicode/ustring.h>

namespace pennypost::auth {
namespace {

const UStringPrepProfile* profile() {
  static const UStringPrepProfile* const opened = [] {
    UErrorCode status = U_ZERO_ERROR;
    UStringPrepProfile* const p = usprep_openByType(USPREP_RFC4013_SASLPREP, &status);
    return U_SUCCESS(status) ? p : nullptr;
  }();
  return opened;
}

bool is_plain_ascii(std::string_view text) {
  for (const char c : text) {
    if (c < 0x20 || c > 0x7e) return false;
  }
  return true;
}

}  // namespace

std::optional<std::string> saslprep(std::string_view text) {
  if (is_plain_ascii(text)) return std::string{text};
  if (profile() == nullptr || text.size() > 4096) return std::nullopt;
  UErrorCode status = U_ZERO_ERROR;
  std::vector<UChar> wide(text.size() + 1);
  int32_t length = 0;
  u_strFromUTF8(wide.data(), static_cast<int32_t>(wide.size()), &length, text.data(), static_cast<int32_t>(text.size()),
                &status);
  if (U_FAILURE(status)) return std::nullopt;
  std::vector<UChar> out(wide.size() * 20);  // NFKC of one unit is at most 18 units
  const int32_t prepared = usprep_prepare(profile(), wide.data(), length, out.data(), static_cast<int32_t>(out.size()),
                                          USPREP_ALLOW_UNASSIGNED, nullptr, &status);
  if (U_FAILURE(status)) return std::nullopt;
  std::string utf8(static_cast<std::size_t>(prepared) * 3 + 1, '\0');
  int32_t octets = 0;
  u_strToUTF8(utf8.data(), static_cast<int32_t>(utf8.size()), &octets, out.data(), prepared, &status);
  if (U_FAILURE(status)) return std::nullopt;
  utf8.resize(static_cast<std::size_t>(octets));
  return utf8;
}

std::string prepared_password(std::string_view password) {
  if (auto prepared = saslprep(password)) return *std::move(prepared);
  return std::string{password};
}

}  // namespace pennypost::auth
