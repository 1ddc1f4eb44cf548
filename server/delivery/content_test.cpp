#include "server/delivery/content.h"

#include <csignal>
#include <filesystem>
#include <random>

#include <gmock/gmock.h>
#include <sys/resource.h>

#include "server/base/test_folder.h"

namespace pennypost::delivery {
namespace {

class ContentTest : public testing::Test {
 protected:
  static std::string text_of(std::size_t octets) {
    std::string text;
    text.reserve(octets);
    for (std::size_t i = 0; text.size() < octets; ++i) text += std::to_string(i) + "\r\n";
    text.resize(octets);
    return text;
  }
  TestFolder test_folder_;
  const std::string folder_ = test_folder_.path();
};

TEST_F(ContentTest, GivesBackWhatWasPutHoweverItWasCut) {
  const auto most = kContentInMemory.most.size();
  std::mt19937 random{5};
  for (const std::size_t size :
       {std::size_t{0}, std::size_t{1}, std::size_t{16384}, most - 1, most, most + 1, 5 * most + 7}) {
    SCOPED_TRACE(size);
    const auto text = text_of(size);
    ContentWriter writer{folder_, Octets{1 << 30}};
    for (std::size_t at = 0; at < size;) {
      const auto n = std::min<std::size_t>(1 + random() % 70000, size - at);
      writer.put(std::string_view{text}.substr(at, n));
      at += n;
    }
    auto content = writer.finish();
    ASSERT_TRUE(content);
    EXPECT_EQ(content->octets(), text);
    EXPECT_EQ(content->is_spooled(), size > most);
    EXPECT_TRUE(std::filesystem::is_empty(folder_)) << "a crash must leave nothing in the spool folder";
  }
}

TEST_F(ContentTest, FieldsGoInFrontWithoutMovingTheRest) {
  for (const std::size_t size : {std::size_t{100}, 3 * kContentInMemory.most.size()}) {
    SCOPED_TRACE(size);
    const auto text = text_of(size);
    ContentWriter writer{folder_, Octets{1 << 30}};
    writer.put(text);
    auto content = writer.finish();
    ASSERT_TRUE(content);
    const auto* first = content->octets().data();
    content->replace_front(0, "Received: x\r\n");
    EXPECT_EQ(content->octets(), "Received: x\r\n" + text);
    EXPECT_EQ(content->octets().data() + 13, first);
    content->replace_front(13 + 4, "New: y\r\n");
    EXPECT_EQ(content->octets(), "New: y\r\n" + text.substr(4));
    EXPECT_EQ(content->moved(), 0);
    const std::string large(kHeadroom + 100, 'h');
    content->replace_front(8, large);
    EXPECT_EQ(content->octets(), large + text.substr(4));
    EXPECT_EQ(content->moved(), 1);
  }
}

TEST_F(ContentTest, RefusesMoreThanTheMostAndKeepsNothingOfIt) {
  ContentWriter writer{folder_, 1000_B};
  writer.put(std::string(1000, 'a'));
  EXPECT_FALSE(writer.is_too_large());
  writer.put("b");
  EXPECT_TRUE(writer.is_too_large());
  for (int i = 0; i < 100; ++i) writer.put(std::string(100000, 'c'));
  const auto content = writer.finish();
  ASSERT_FALSE(content);
  EXPECT_EQ(content.error().kind, Kind::too_large);
}

TEST_F(ContentTest, ASpoolFolderThatIsGoneIsAnErrorAtTheEnd) {
  ContentWriter writer{folder_ + "/missing", Octets{1 << 30}};
  writer.put(text_of(2 * kContentInMemory.most.size()));
  const auto content = writer.finish();
  ASSERT_FALSE(content);
  EXPECT_EQ(content.error().kind, Kind::unavailable);
}

TEST_F(ContentTest, AFullDiskIsToldAsSuch) {
  const auto before = std::signal(SIGXFSZ, SIG_IGN);
  rlimit old{};
  ASSERT_EQ(::getrlimit(RLIMIT_FSIZE, &old), 0);
  rlimit small = old;
  small.rlim_cur = 2 * 1024 * 1024;  // writes beyond fail with EFBIG, as they would with ENOSPC
  ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &small), 0);
  ContentWriter writer{folder_, Octets{1 << 30}};
  writer.put(text_of(5 * kContentInMemory.most.size()));
  const auto content = writer.finish();
  ::setrlimit(RLIMIT_FSIZE, &old);
  std::signal(SIGXFSZ, before);
  ASSERT_FALSE(content);
  EXPECT_EQ(content.error().kind, Kind::disk_full);
}

}  // namespace
}  // namespace pennypost::delivery
