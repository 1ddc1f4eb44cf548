// What the files of the mechanisms offer to the table in sasl.cpp.
#pragma once
#include <memory>
#include <optional>
#include <string_view>

#include "server/auth/sasl.h"

namespace pennypost::auth {

std::unique_ptr<Mechanism> make_plain(SaslContext context);
std::unique_ptr<Mechanism> make_login(SaslContext context);
std::unique_ptr<Mechanism> make_cram_md5(SaslContext context);
std::unique_ptr<Mechanism> make_scram_sha_256(SaslContext context);
std::unique_ptr<Mechanism> make_scram_sha_256_plus(SaslContext context);

/// An authorisation identity is allowed when it names the account itself; nobody acts for others here. Gives the error
/// otherwise.
std::optional<Error> may_act_as(const Identity& who, std::string_view name, std::string_view authorise);

}  // namespace pennypost::auth
