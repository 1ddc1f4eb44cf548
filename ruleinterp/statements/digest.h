// Digests in lower-case hexadecimal, for the statements that fingerprint texts.
#pragma once
#include <string>
#include <string_view>

namespace pennypost::ruleinterp {

std::string md5_hex(std::string_view data);
std::string sha1_hex(std::string_view data);

}  // namespace pennypost::ruleinterp
