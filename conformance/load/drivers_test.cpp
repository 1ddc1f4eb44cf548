#include "conformance/load/drivers.h"

#include <gmock/gmock.h>
#include <unistd.h>

namespace pennypost::load {
namespace {

TEST(SampleMessage, HasItsSizeAndItsOwnText) {
  for (const int size : {1'000, 10'240, 100'000}) {
    SCOPED_TRACE(size);
    const auto one = sample_message(1, size), two = sample_message(2, size);
    EXPECT_NEAR(static_cast<double>(one.size()), size, 20);
    EXPECT_EQ(one, sample_message(1, size));
    EXPECT_NE(one, two);
    EXPECT_TRUE(one.ends_with("\r\n"));
    EXPECT_EQ(one.find("\r\n."), std::string::npos);
  }
  EXPECT_THAT(sample_message(200, 1'000), testing::HasSubstr("needle"));
  EXPECT_THAT(sample_message(201, 1'000), testing::Not(testing::HasSubstr("needle")));
}

TEST(Figures, MedianIsTheMiddle) {
  EXPECT_EQ(median({}), 0);
  EXPECT_EQ(median({3}), 3);
  EXPECT_EQ(median({5, 1, 3}), 3);
  EXPECT_EQ(median({4, 1, 3, 2}), 2);
}

TEST(Figures, AreATableOrJson) {
  const std::vector<Figure> figures{{"FETCH \"x\"", 123456, "rows/s"}, {"idle", 49.96, "KiB"}};
  EXPECT_EQ(as_table({{"sent", 6046, ""}}), "sent        6046\n");
  EXPECT_EQ(as_table(figures), "FETCH \"x\"      123000 rows/s\nidle               50 KiB\n");
  EXPECT_EQ(as_json(figures),
            "[{\"work\": \"FETCH \\\"x\\\"\", \"value\": 123456, \"unit\": \"rows/s\"},\n {\"work\": \"idle\", "
            "\"value\": 49.96, \"unit\": "
            "\"KiB\"}]\n");
}

TEST(MemoryOf, OwnProcessHasSomeAndChildrenCount) {
  EXPECT_GT(memory_of(::getpid()), 100u);
  EXPECT_GE(memory_of(::getppid()), memory_of(::getpid()));
  EXPECT_EQ(memory_of(0x3fffffff), 0u);
}

}  // namespace
}  // namespace pennypost::load
