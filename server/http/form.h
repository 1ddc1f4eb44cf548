// Forms as browsers send them (application/x-www-form-urlencoded, WHATWG URL section 5.1).
#pragma once
#include <string_view>

#include "server/http/page.h"

namespace pennypost::http {

/// Reads `name=value&...`; never fails: what is no escape stays as it is, more than 100 fields are left out.
Fields read_form(std::string_view text);
/// "%41+b" is "A b".
std::string decode_form_text(std::string_view text);

}  // namespace pennypost::http
