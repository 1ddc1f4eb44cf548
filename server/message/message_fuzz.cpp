// Fuzz target of everything that reads a stranger's message: the first octet chooses the reader, the rest is its input.
// A crash, a sanitizer report or a broken invariant ends it. Run: scripts/fuzz message_message.
#include <cstdint>
#include <cstdio>
#include <cstdlib>

#include "server/message/address.h"
#include "server/message/date.h"
#include "server/message/encoded_words.h"
#include "server/message/html.h"
#include "server/message/invariants.h"
#include "server/message/message_ids.h"

namespace {

namespace message = pennypost::message;

void demand(bool holds, const char* what) {
  if (holds) return;
  std::fprintf(stderr, "broken: %s\n", what);
  std::abort();
}

void read_one(std::uint8_t which, std::string_view text) {
  switch (which) {
    case 'a':
      for (const auto& address : message::mailboxes(text)) {
        const auto again = message::mailboxes("<" + message::addr_spec(address) + ">");
        demand(again.size() == 1, "an address that is written reads back as one");
      }
      return;
    case 'd':
      if (const auto date = message::parse_date(text)) {
        const auto again = message::parse_date(message::format_date(date->at, date->zone_minutes));
        demand(!again || again->at == date->at, "a date that is written reads back the same");
      }
      return;
    case 'w':
      demand(pennypost::is_utf8(message::decode_words(text)), "decoded words are UTF-8");
      demand(message::decode_words(message::encode_text(text, 9)).find('\n') == std::string::npos,
             "encoded text has no line ends left");
      return;
    case 'h':
      demand(message::html_to_text(text).size() <= text.size() * 3 + 16, "text is not much longer than its HTML");
      for (const auto& tag : message::html_tags(text)) message::attribute(tag.all, "href");
      return;
    case 'c':
      demand(
          pennypost::is_utf8(message::to_utf8(text.substr(std::min<std::size_t>(text.size(), 20)), text.substr(0, 20))),
          "charsets give UTF-8");
      demand(pennypost::is_utf8(message::fold_case(text)), "folded text is UTF-8");
      return;
    case 't':
      for (const auto encoding :
           {message::Encoding::base64, message::Encoding::quoted_printable, message::Encoding::uuencode}) {
        demand(message::invariants::same_in_pieces(encoding, text, 1), "octet by octet");
        demand(message::invariants::same_in_pieces(encoding, text, 7), "seven by seven");
      }
      demand(message::decode_quoted_printable(message::encode_base64(text)).size() <= text.size() * 2 + 4, "no growth");
      demand(message::decode_base64(message::encode_base64(text)) == text, "base64 reads back");
      return;
    case 's':
      if (const auto tree = message::decode_parts(text))
        demand(message::encode_parts(*tree).size() <= text.size() + 16, "stored parts");
      message::body_of_bodystructure(text);
      return;
    case 'p':
      if (const auto type = message::parse_content_type(text)) {
        for (const auto& one : type->parameters) message::parameter(type->parameters, one.name);
      }
      message::parse_disposition(text);
      message::message_ids(text);
      message::base_subject(text);
      return;
    default:
      break;
  }
  const std::string why = message::invariants::broken(text);
  demand(why.empty(), why.c_str());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size > 0) read_one(data[0], {reinterpret_cast<const char*>(data) + 1, size - 1});
  return 0;
}
