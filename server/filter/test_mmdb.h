// For tests: a small database of countries in MaxMind's format.
#pragma once
#include <array>
#include <cstdint>
#include <string>
#include <vector>

namespace pennypost::filter {

struct TestNetwork {
  std::uint32_t address = 0;  ///< IPv4, the first bit is the highest
  int bits = 0;
  const char* what = "country";  ///< the map that holds iso_code
  const char* code = "";
};

/// The octets of a file: a tree with records of 24 bits, the data, the metadata.
inline std::string test_mmdb(const std::vector<TestNetwork>& networks) {
  const auto text = [](const std::string& s) { return static_cast<char>(2 << 5 | s.size()) + s; };
  const auto map = [](std::size_t pairs) { return std::string(1, static_cast<char>(7 << 5 | pairs)); };
  const auto number = [](int type, std::uint32_t value) {  // uint16 is 5, uint32 is 6; four octets or two
    std::string out;
    for (int shift = type == 5 ? 8 : 24; shift >= 0; shift -= 8) out += static_cast<char>(value >> shift & 0xFF);
    return static_cast<char>(type << 5 | static_cast<int>(out.size())) + out;
  };
  constexpr std::uint32_t kNothing = 0xFFFFFFFF, kData = 0x80000000;
  std::vector<std::array<std::uint32_t, 2>> nodes{{kNothing, kNothing}};
  std::string data;
  for (const TestNetwork& network : networks) {
    std::uint32_t node = 0;
    for (int bit = 0; bit < network.bits; ++bit) {
      const std::size_t side = network.address >> (31 - bit) & 1;
      if (bit + 1 == network.bits) {
        nodes[node][side] = kData | static_cast<std::uint32_t>(data.size());
      } else {
        if (nodes[node][side] == kNothing) {
          nodes[node][side] = static_cast<std::uint32_t>(nodes.size());
          nodes.push_back({kNothing, kNothing});
        }
        node = nodes[node][side];
      }
    }
    data += map(1) + text(network.what) + map(1) + text("iso_code") + text(network.code);
  }
  const auto count = static_cast<std::uint32_t>(nodes.size());
  std::string out;
  for (const auto& node : nodes)
    for (const std::uint32_t record : node) {
      const std::uint32_t value = record == kNothing      ? count
                                  : (record & kData) != 0 ? count + 16 + (record & ~kData)
                                                          : record;
      for (int shift = 16; shift >= 0; shift -= 8) out += static_cast<char>(value >> shift & 0xFF);
    }
  out += std::string(16, '\0') + data + "\xAB\xCD\xEFMaxMind.com";
  out +=
      map(9) + text("binary_format_major_version") + number(5, 2) + text("binary_format_minor_version") + number(5, 0);
  out += text("build_epoch") + std::string{"\x04\x02", 2} + std::string{"\x65\0\0\0", 4};  // uint64: extended type 9
  out += text("database_type") + text("Test-Country") + text("description") + map(1) + text("en") + text("a test");
  out += text("ip_version") + number(5, 4) + text("languages") + std::string{"\x01\x04", 2} + text("en");  // an array
  return out + text("node_count") + number(6, count) + text("record_size") + number(5, 24);
}

}  // namespace pennypost::filter
