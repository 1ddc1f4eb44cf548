// What the drivers print: named figures, as a table for people or as JSON lines for the comparison (peers/bench).
#pragma once
#include <chrono>
#include <string>
#include <vector>

namespace pennypost::load {

struct Figure {
  std::string work;  ///< what was done, the same words for every server
  double value = 0;
  std::string unit;
};

using Clock = std::chrono::steady_clock;

/// Seconds since `begin`.
double seconds_since(Clock::time_point begin);

/// The middle one; of an even number the lower middle. 0 for none.
double median(std::vector<double> values);

std::string as_table(const std::vector<Figure>& figures);
std::string as_json(const std::vector<Figure>& figures);

}  // namespace pennypost::load
