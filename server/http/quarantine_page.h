// The page of one quarantined message, which the links in reports open (spec 70 section 7.3).
#pragma once
#include "server/filter/quarantine_links.h"
#include "server/filter/release.h"
#include "server/http/page.h"
#include "server/store/store.h"

namespace pennypost::http {

/// `/quarantine?id=ID&t=TOKEN`. GET shows header and text of the message, without anything active, and changes nothing:
/// mail scanners follow links. POST with `act` release (with `train` and `whitelist`) or delete does so. A wrong or old
/// token is 403, a message that is gone 410. All references must live as long as the page.
Page quarantine_page(store::Store& store, filter::Releases& releases, const filter::QuarantineLinks& links);

}  // namespace pennypost::http
