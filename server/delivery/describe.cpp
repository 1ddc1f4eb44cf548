// What is stored of a message besides its octets (see the header).
#include "server/delivery/describe.h"

#include "server/base/limits.h"
#include "server/base/text.h"
#include "server/message/structure.h"
#include "server/message/summary.h"
#include "server/message/text.h"

namespace pennypost::delivery {

store::NewBody describe(const message::Message& m) {
  auto facts = message::summarize(m);
  store::NewBody body;
  body.octets = m.raw;
  body.header_size = {static_cast<std::int64_t>(m.header().size())};
  body.envelope = message::envelope(m);
  body.bodystructure = message::bodystructure(m);
  body.parts = message::encode_parts(m);
  body.subject = std::move(facts.subject);
  body.base_subject = std::move(facts.base_subject);
  body.from_name = std::move(facts.from_name);
  body.from_addr = std::move(facts.from_addr);
  body.reply_to = join(facts.reply_to, ", ");
  body.to_list = join(facts.to, ", ");
  if (!facts.cc.empty()) body.to_list += (body.to_list.empty() ? "" : ", ") + join(facts.cc, ", ");
  body.message_id = std::move(facts.message_id);
  body.in_reply_to = std::move(facts.in_reply_to);
  body.references = join(facts.references, " ");
  if (facts.date) body.date = facts.date->at;
  body.has_attachments = facts.has_attachments;
  body.search_text = message::search_text(m, message::SearchText::body, kSearchText.most.size());
  std::erase(body.search_text, '\0');  // a decoded part may hold one; text in the database cannot
  return body;
}

}  // namespace pennypost::delivery
