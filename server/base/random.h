// Octets and names that nobody can guess, from the kernel (getrandom). When the kernel has none to give the program
// ends: going on with guessable secrets would be worse.
#pragma once
#include <cstddef>
#include <cstdint>
#include <string>

namespace pennypost {

std::string random_octets(std::size_t count);
std::uint64_t random_number();
/// At least 0, below `end`, all equally likely. `end` 0 gives 0.
std::uint64_t random_below(std::uint64_t end);
/// Lower-case letters and digits without those that look alike (0 o 1 l i): for ids in file names and passwords.
/// Each character is worth a little under 5 bits.
std::string random_name(std::size_t length);

}  // namespace pennypost
