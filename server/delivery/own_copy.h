// A copy of a message with a header of its own, for one mailbox (spec 10 section 6.6: AddHeader with {user}).
#pragma once
#include <memory>
#include <optional>
#include <string>

#include "server/base/result.h"
#include "server/delivery/content.h"
#include "server/delivery/stage.h"
#include "server/message/parse.h"
#include "server/store/delivery_writer.h"

namespace pennypost::delivery {

/// A second body: the message with another header.
struct OwnBody {
  Content content;
  message::Message message;
  store::NewBody stored;
};

/// What is different in the copy: fields in front of the shared body where fields were only added above, else a body.
struct OwnCopy {
  std::string prefix;
  std::unique_ptr<OwnBody> body;
};

/// Without `body_allowed` fields that were added below stand in front too; where that is not enough there is no own
/// copy. Large bodies go through the folder `spool`. Errors: disk_full, unavailable.
Result<std::optional<OwnCopy>> own_copy(const OwnHeader& make, const message::Message& message,
                                        const std::string& spool, bool body_allowed);

}  // namespace pennypost::delivery
