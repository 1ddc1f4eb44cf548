// A stored message as the filter saw it.
#pragma once
#include <string_view>

namespace pennypost::filter {

/// Without the fields that this server put above the message when it came in: everything down to its Received field.
/// The message itself when it has no such field of ours. Bayes judges messages as they come in, and learns them so.
std::string_view as_it_came(std::string_view octets);

}  // namespace pennypost::filter
