// CRAM-MD5 (RFC 2195). Needs accounts with a recoverable password; others fail as with a wrong one.
#include "server/auth/sasl_mechanisms.h"

namespace pennypost::auth {
namespace {

class CramMd5 final : public Mechanism {
 public:
  explicit CramMd5(SaslContext context) : context_{std::move(context)} {}

  Step step(std::optional<std::string_view> response) override {
    if (!challenged_) {
      if (response) return error(Kind::bad_input, "CRAM-MD5 has no initial response");
      challenged_ = true;
      return Challenge{context_.challenge};
    }
    const std::size_t blank = response->rfind(' ');  // a name may hold blanks, a digest none
    if (blank == std::string_view::npos || blank == 0 || response->size() - blank - 1 != 32) {
      return error(Kind::bad_input, "Malformed authentication response");
    }
    auto who = context_.authenticator.with_digest(context_.client, response->substr(0, blank), context_.challenge,
                                                  response->substr(blank + 1), Digest::cram_md5);
    if (!who) return std::move(who).error();
    return *std::move(who);
  }

 private:
  SaslContext context_;
  bool challenged_ = false;
};

}  // namespace

std::unique_ptr<Mechanism> make_cram_md5(SaslContext context) { return std::make_unique<CramMd5>(std::move(context)); }

}  // namespace pennypost::auth
