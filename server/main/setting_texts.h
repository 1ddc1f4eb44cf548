// What texts settings may have where not every text will do.
#pragma once
#include <optional>
#include <string>
#include <string_view>

namespace pennypost::main_program {

/// Why a value is none for the setting of this name ("a time of day is written 07:00: 25:00"); none: it is one, or any
/// text is. Kinds and ranges of numbers are the store's to check.
std::optional<std::string> objection_to_text(std::string_view name, std::string_view value);

}  // namespace pennypost::main_program
