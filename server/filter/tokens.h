// What Bayes knows a message by: its words, as numbers.
#pragma once
#include <cstdint>
#include <vector>

#include "ruleinterp/host.h"

namespace pennypost::filter {

/// At most so many tokens of a message count; and so much of its text is looked at.
inline constexpr std::size_t kMostTokens = 4000;
inline constexpr std::size_t kMostTokenText = 256 * 1024;

/// The hashes of the words of a message, each once, ascending: of its visible text, its links, its HTML tags, and of
/// those header fields that the sender chooses (what this server or a mailing list archive adds is left out). Stored in
/// the database: the hash and the way in which words are made must not change between versions.
std::vector<std::int64_t> tokens_of(const ruleinterp::Mail& mail);

}  // namespace pennypost::filter
