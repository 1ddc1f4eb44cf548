// Words of the error kinds.
#include "server/base/result.h"

namespace pennypost {

const char* word(Kind kind) {
  switch (kind) {
    case Kind::bad_input:
      return "bad_input";
    case Kind::not_found:
      return "not_found";
    case Kind::already_exists:
      return "already_exists";
    case Kind::not_permitted:
      return "not_permitted";
    case Kind::not_authenticated:
      return "not_authenticated";
    case Kind::in_use:
      return "in_use";
    case Kind::over_quota:
      return "over_quota";
    case Kind::too_large:
      return "too_large";
    case Kind::disk_full:
      return "disk_full";
    case Kind::unavailable:
      return "unavailable";
    case Kind::cancelled:
      return "cancelled";
    case Kind::internal:
      return "internal";
  }
  return "internal";
}

}  // namespace pennypost
