// MD5 and SHA-1 by OpenSSL, for GetMD5, GetSHA1, GetSectionMD5, HTTPGetMD5 (spec 10 sections 6.27, 6.29, 6.34): names
// for content, no protection. A digest that OpenSSL refuses to make (a FIPS provider) is empty.
#include "ruleinterp/statements/digest.h"

#include <fmt/format.h>
#include <openssl/evp.h>

#include "ruleinterp/statements/families.h"

namespace pennypost::ruleinterp {
namespace {

std::string hex_of(std::string_view data, const EVP_MD* kind) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned length = 0;
  if (EVP_Digest(data.data(), data.size(), digest.data(), &length, kind, nullptr) != 1) return {};
  std::string out;
  for (unsigned i = 0; i < length; ++i) out += fmt::format("{:02x}", digest[i]);
  return out;
}

}  // namespace

std::string md5_hex(std::string_view data) { return hex_of(data, EVP_md5()); }
std::string sha1_hex(std::string_view data) { return hex_of(data, EVP_sha1()); }

namespace families {

Flow run_get_md5(Run& run, const Instruction& i) {
  run.set(Run::variable(i, 1), md5_hex(run.text(i, 0)));
  return Flow::next;
}

Flow run_get_sha1(Run& run, const Instruction& i) {
  run.set(Run::variable(i, 1), sha1_hex(run.text(i, 0)));
  return Flow::next;
}

}  // namespace families
}  // namespace pennypost::ruleinterp
