// The stages that belong to delivery itself. Stages that judge what is in a message stand in server/filter.
#pragma once
#include "server/base/smtp_text.h"
#include "server/delivery/router.h"
#include "server/delivery/stage.h"

namespace pennypost::delivery {

inline constexpr auto kTooManyHops = smtp_text(554, {5, 4, 6}, "Too many hops", Mark::exact);
inline constexpr auto kUnrecognisedRecipient = smtp_text(550, {5, 1, 1}, "Unrecognised recipient");
inline constexpr auto kAddressBookAway = smtp_text(451, {4, 3, 2}, "Mail system not available - try again later");
inline constexpr auto kSomeRecipientsGone = smtp_text(451, {4, 1, 1}, "A recipient has just been removed - try again");

/// Spec 40 section 2.10, Max Hops: more Received fields than that is a loop. Reads the header, changes nothing.
class HopLimit final : public Stage {
 public:
  HopLimit() : Stage{"limits"} {}
  Verdict judge(const Arrival& mail, Edits& edits) const override;
};

/// The fields of the receiving server: Received and X-Authenticated-Sender (spec 40 section 15); Date and Message-ID
/// where an account submits without them (RFC 6409 section 8). Adds, never removes.
class HeaderWork final : public Stage {
 public:
  HeaderWork() : Stage{"headers"} {}
  Verdict judge(const Arrival& mail, Edits& edits) const override;
};

/// Spec 60 section 5.3: where each recipient goes.
class Routing final : public Stage {
 public:
  explicit Routing(const Router& router) : Stage{"routing"}, router_{router} {}
  Verdict judge(const Arrival& mail, Edits& edits) const override;

 private:
  const Router& router_;
};

}  // namespace pennypost::delivery
