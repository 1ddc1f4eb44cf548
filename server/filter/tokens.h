// What Bayes knows a message by: its words, as numbers.
#pragma once
#include <cstddef>
#include <cstdint>
#include <vector>

#include "ruleinterp/host.h"

namespace pennypost::filter {

/// At most so many tokens of a message count; and so much of each of its texts is looked at.
inline constexpr std::size_t kMostTokens = 2000;
inline constexpr std::size_t kMostTokenText = 256 * 1024;

/// What a token tells of. Each kind is weighed for itself (bayes.h): ten thousand words of text must not outvote the
/// one line that says where a message comes from.
enum class TokenKind : std::uint8_t {
  word,     ///< of the visible text
  pair,     ///< two words of the text that follow each other
  subject,  ///< words and pairs of the subject
  sender,   ///< names and addresses: From, Reply-To, Return-Path, To, Cc, Organization
  form,     ///< program that wrote it, types and encodings of its parts, host of its Message-ID
  route,    ///< hosts and networks that it came through
  link,     ///< hosts and paths of its links
  field,    ///< names of header fields that it has, or has not
};
inline constexpr std::size_t kTokenKinds = 8;
inline constexpr std::uint64_t kTokenKindBits = kTokenKinds - 1;  // the lowest of a token

constexpr TokenKind kind_of(std::int64_t token) {
  return static_cast<TokenKind>(static_cast<std::uint64_t>(token) & kTokenKindBits);
}

/// The hashes of the words of a message, each once, ascending (what this server or a mailing list archive adds to the
/// header is left out). Stored in the database: the hash and the way in which words are made must not change between
/// versions.
std::vector<std::int64_t> tokens_of(const ruleinterp::Mail& mail);

}  // namespace pennypost::filter
