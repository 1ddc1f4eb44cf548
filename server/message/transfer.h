// Transfer encodings (RFC 2045 section 6, RFC 2047 section 4.2; uuencode of POSIX), whole and in pieces.
#pragma once
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "server/message/parts.h"

namespace pennypost::message {

/// The encoding that the raw value of a Content-Transfer-Encoding field names; seven_bit for an empty one.
Encoding encoding_named(std::string_view value);

/// Decodes in pieces of any size; the same octets come out however the input is cut. Tolerant: octets that the encoding
/// does not know are skipped (base64) or stay as they are (quoted-printable). Encodings that change nothing copy.
class Decoder {
 public:
  explicit Decoder(Encoding encoding) : encoding_{encoding} {}
  /// Appends what `in` decodes to.
  void push(std::string_view in, std::string& out);
  /// The input is over: appends what was held back.
  void finish(std::string& out);

 private:
  void base64(std::string_view in, std::string& out);
  void quoted_printable(std::string_view in, std::string& out);
  void uuencode(std::string_view in, std::string& out);
  void uuencode_line(std::string& out);

  Encoding encoding_;
  std::string held_;        // an unfinished "=XY", a run of white space, or a line of uuencode
  std::uint32_t bits_ = 0;  // base64: what was read of four characters
  int have_ = 0;            // base64: how many of them
  bool inside_ = false;     // uuencode: between begin and end
  bool ended_ = false;      // uuencode: behind end
};

/// The whole at once.
std::string decode(Encoding encoding, std::string_view in);

std::string decode_base64(std::string_view in);
std::string decode_quoted_printable(std::string_view in);

/// The Q encoding of RFC 2047: "_" is a space.
std::string decode_q(std::string_view in);

/// Base64 in lines of 76 characters, each with CR LF behind it.
std::string encode_base64(std::string_view in);
/// Base64 on one line without line ends.
std::string encode_base64_line(std::string_view in);
/// Quoted-printable in lines of at most 76 characters; line ends of the input (CR LF or LF) become CR LF.
std::string encode_quoted_printable(std::string_view in);

}  // namespace pennypost::message
