// GetGeoIP on a database file made here, octet by octet (MaxMind DB file format specification, version 2.0).
#include <filesystem>
#include <fstream>

#include <gtest/gtest.h>

#include "server/base/test_folder.h"
#include "server/filter/services.h"
#include "server/filter/test_mmdb.h"

namespace pennypost::filter {
namespace {

struct Files : TestFolder {
  std::string write(const std::string& octets) const {
    const std::string name = path() / "countries.mmdb";
    std::ofstream{name, std::ios::binary | std::ios::trunc} << octets;
    return name;
  }
};

TEST(GeoIp, GivesTheCountryOfAnAddressInUpperCase) {
  const Files files;
  const auto file = GeoIpFile::open(files.write(test_mmdb({{0xC0000200, 24, "country", "gb"},
                                                           {0xCB007100, 24, "registered_country", "US"},
                                                           {0x0A000000, 8, "continent", "XX"}})));
  ASSERT_TRUE(file.ok()) << file.error().for_log;
  for (const auto& [address, country] : {std::pair{"192.0.2.0", "GB"},
                                         {"192.0.2.255", "GB"},
                                         {"192.0.3.1", ""},
                                         {"203.0.113.77", "US"},
                                         {"10.1.2.3", ""},
                                         {"127.0.0.1", ""},
                                         {"2001:db8::1", ""},
                                         {"", ""},
                                         {"banana", ""},
                                         {"192.0.2", ""}})
    EXPECT_EQ((*file)->country(address), country) << address;
}

TEST(GeoIp, AFileThatIsNoneIsToldApartFromNoFile) {
  const Files files;
  const auto none = GeoIpFile::open(files.path() / "none.mmdb");
  ASSERT_FALSE(none.ok());
  EXPECT_EQ(none.error().kind, Kind::not_found);
  for (const std::string& octets : {std::string{}, std::string{"not a database"}, std::string(4096, '\xFF')}) {
    const auto file = GeoIpFile::open(files.write(octets));
    ASSERT_FALSE(file.ok());
    EXPECT_NE(file.error().for_log, "");
  }
}

TEST(GeoIp, ACutFileGivesNoCountryAndNoCrash) {
  const Files files;
  const std::string whole = test_mmdb({{0xC0000200, 24, "country", "gb"}});
  for (std::size_t size = 0; size < whole.size(); ++size) {
    const auto file =
        GeoIpFile::open(files.write(whole.substr(whole.size() - size)));  // the metadata stands at the end
    if (file.ok()) (void)(*file)->country("192.0.2.1");
  }
}

}  // namespace
}  // namespace pennypost::filter
