// Figures as text. Values are rounded to three significant digits in the table (counts, which have no unit, are not)
// and given in full in JSON.
#include "conformance/load/figures.h"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

namespace pennypost::load {
namespace {

std::string rounded(double value) {
  if (value == 0) return "0";
  const double step = std::pow(10.0, std::floor(std::log10(std::abs(value))) - 2);
  const double out = std::round(value / step) * step;
  return std::abs(out) >= 100 ? fmt::format("{:.0f}", out) : fmt::format("{:.3g}", out);
}

std::string json_text(const std::string& text) {
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') out += '\\';
    out += c;
  }
  return out + '"';
}

}  // namespace

double seconds_since(Clock::time_point begin) { return std::chrono::duration<double>(Clock::now() - begin).count(); }

double median(std::vector<double> values) {
  if (values.empty()) return 0;
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>((values.size() - 1) / 2);
  std::nth_element(values.begin(), middle, values.end());
  return *middle;
}

std::string as_table(const std::vector<Figure>& figures) {
  std::size_t width = 0;
  for (const auto& figure : figures) width = std::max(width, figure.work.size());
  std::string out;
  for (const auto& figure : figures)
    out += fmt::format("{:<{}}  {:>10}{}\n", figure.work, width,
                       figure.unit.empty() ? fmt::format("{:.0f}", figure.value) : rounded(figure.value),
                       figure.unit.empty() ? "" : " " + figure.unit);
  return out;
}

std::string as_json(const std::vector<Figure>& figures) {
  std::string out = "[";
  for (const auto& figure : figures)
    out += fmt::format("{}{{\"work\": {}, \"value\": {}, \"unit\": {}}}", out.size() == 1 ? "" : ",\n ",
                       json_text(figure.work), figure.value, json_text(figure.unit));
  return out + "]\n";
}

}  // namespace pennypost::load
