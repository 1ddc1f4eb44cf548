#include "server/auth/secret_key.h"

#include <fstream>

#include <gtest/gtest.h>
#include <sys/stat.h>

#include "server/base/test_folder.h"

namespace pennypost::auth {
namespace {

namespace fs = std::filesystem;

struct Folder : TestFolder {
  fs::path key() const { return path() / SecretKey::kFileName; }
};

TEST(SecretKey, IsMadeOnceForItsOwnerAloneAndFoundAgain) {
  const Folder folder;
  const auto first = SecretKey::open_or_create(folder.path());
  ASSERT_TRUE(first) << first.error().for_log;
  EXPECT_EQ(fs::status(folder.key()).permissions(), fs::perms::owner_read | fs::perms::owner_write);
  const auto second = SecretKey::open_or_create(folder.path());
  ASSERT_TRUE(second);
  EXPECT_EQ(second->open(first->seal("s3cret")), "s3cret");
  EXPECT_EQ(first->salt_for_nobody("ann"), second->salt_for_nobody("ann"));
  EXPECT_NE(first->salt_for_nobody("ann"), first->salt_for_nobody("bob"));
  EXPECT_EQ(std::distance(fs::directory_iterator{folder.path()}, fs::directory_iterator{}), 1) << "leftovers";
}

TEST(SecretKey, OpensOnlyWhatItSealedAndNothingChanged) {
  const Folder here;
  const Folder elsewhere;
  const auto key = SecretKey::open_or_create(here.path());
  const auto other = SecretKey::open_or_create(elsewhere.path());
  ASSERT_TRUE(key && other);
  for (const std::string& plain :
       {std::string{}, std::string{"s3cret"}, std::string(5000, 'x'), std::string(3, '\0')}) {
    const std::string sealed = key->seal(plain);
    EXPECT_EQ(key->open(sealed), plain);
    EXPECT_NE(key->seal(plain), sealed) << "equal passwords must look different";
    EXPECT_EQ(other->open(sealed), std::nullopt);
    for (std::size_t i = 0; i < std::min<std::size_t>(sealed.size(), 60); ++i) {
      std::string changed = sealed;
      changed[i] = static_cast<char>(changed[i] ^ 1);
      EXPECT_EQ(key->open(changed), std::nullopt) << i;
      EXPECT_EQ(key->open(std::string_view{sealed}.substr(0, i)), std::nullopt) << i;
    }
  }
}

TEST(SecretKey, AFileThatOthersCanReadIsRefused) {
  const Folder folder;
  ASSERT_TRUE(SecretKey::open_or_create(folder.path()));
  fs::permissions(folder.key(), fs::perms::owner_read | fs::perms::group_read);
  const auto again = SecretKey::open_or_create(folder.path());
  ASSERT_FALSE(again);
  EXPECT_EQ(again.error().kind, Kind::not_permitted);
  EXPECT_NE(again.error().for_log.find(folder.key().string()), std::string::npos);
}

TEST(SecretKey, AFileThatIsNoKeyIsNotOverwritten) {
  const Folder folder;
  for (const std::string& content : {std::string{}, std::string(31, 'k'), std::string(33, 'k')}) {
    std::ofstream{folder.key(), std::ios::binary} << content;
    fs::permissions(folder.key(), fs::perms::owner_read | fs::perms::owner_write);
    const auto key = SecretKey::open_or_create(folder.path());
    ASSERT_FALSE(key);
    EXPECT_EQ(key.error().kind, Kind::bad_input);
    EXPECT_EQ(fs::file_size(folder.key()), content.size());
  }
}

TEST(SecretKey, AFolderThatIsNotThereIsAnError) {
  const auto key = SecretKey::open_or_create("/nonexistent/folder");
  ASSERT_FALSE(key);
  EXPECT_EQ(key.error().kind, Kind::unavailable);
}

}  // namespace
}  // namespace pennypost::auth
