#include "server/store/spam_lists.h"

#include "server/store/store_test_support.h"

namespace pennypost::store {
namespace {

struct WithLists {
  std::unique_ptr<Store> store = TestCluster::instance().store();
  SpamLists lists{store->database()};
  std::string names(AddressList list) {
    std::string out;
    const auto all = lists.addresses(list);
    EXPECT_OK(all);
    for (const auto& one : *all) out += one.entry + " ";
    return out;
  }
};

TEST(SpamLists, EntriesAreShownWithTheirHistory) {  // spec 11 section 5.4
  WithLists w;
  auto& filter = w.store->spam_filter();
  ASSERT_OK(filter.add_address(AddressList::white, "New@Example.net", "anna@corp.example", true));
  ASSERT_OK(filter.add_address(AddressList::white, "new@example.net", "bert@corp.example", true));
  EXPECT_TRUE(*filter.find_address(AddressList::white, "NEW@example.net"));
  ASSERT_OK(w.lists.add_addresses(AddressList::white, std::vector<std::string>{"*@y.example", "*@y.example"}, "admin"));
  ASSERT_OK(filter.found_pattern(AddressList::white, "*@y.example"));
  auto all = w.lists.addresses(AddressList::white);
  ASSERT_OK(all);
  ASSERT_EQ(all->size(), 2U);
  const auto& automatic = all->at(0);
  EXPECT_EQ(automatic.entry, "new@example.net");
  EXPECT_TRUE(automatic.is_automatic);
  EXPECT_EQ(automatic.add_count, 2);
  EXPECT_EQ(automatic.find_count, 1);
  EXPECT_TRUE(automatic.last_found.has_value());
  EXPECT_EQ(automatic.auto_added_by, "bert@corp.example");
  EXPECT_EQ(automatic.added_by, "");
  EXPECT_EQ(all->at(1).entry, "*@y.example");
  EXPECT_EQ(all->at(1).find_count, 1);
  EXPECT_EQ(all->at(1).added_by, "admin");
  ASSERT_OK(w.lists.add_addresses(AddressList::white, std::vector<std::string>{"NEW@example.net"}, "admin"));
  all = w.lists.addresses(AddressList::white);
  EXPECT_FALSE(all->at(0).is_automatic) << "somebody wants it";
  EXPECT_EQ(all->at(0).add_count, 2);
}

TEST(SpamLists, RemovingTellsHowManyThereWere) {
  WithLists w;
  const std::vector<std::string> entries{"a@x.example", "B@x.example", "/^c/i", "d?@x.example"};
  for (const auto list : {AddressList::white, AddressList::black}) {
    ASSERT_OK(w.lists.add_addresses(list, entries, "admin"));
    EXPECT_EQ(w.names(list), "a@x.example b@x.example /^c/i d?@x.example ");
  }
  EXPECT_EQ(*w.lists.remove_addresses(AddressList::black, std::vector<std::string>{"A@X.example", "/^c/i", "none@x"}),
            2);
  EXPECT_EQ(w.names(AddressList::black), "b@x.example d?@x.example ");
  EXPECT_EQ(w.names(AddressList::white), "a@x.example b@x.example /^c/i d?@x.example ");
}

TEST(SpamLists, WordsStayAsTheyWereTypedAndTheMarkTellsOfEveryChange) {
  WithLists w;
  const auto empty = *w.lists.words_mark();
  EXPECT_EQ(*w.lists.add_words(AddressList::black, std::vector<std::string>{"Sex", "cat*basket", "/\\bx\\b/i", "Sex"},
                               "admin"),
            3);
  EXPECT_EQ(*w.lists.add_words(AddressList::black, std::vector<std::string>{"Sex"}, "admin"), 0);
  EXPECT_EQ(*w.lists.add_words(AddressList::white, std::vector<std::string>{"Sex"}, "admin"), 1);
  EXPECT_EQ(*w.lists.words(AddressList::black), (std::vector<std::string>{"Sex", "cat*basket", "/\\bx\\b/i"}));
  const auto full = *w.lists.words_mark();
  EXPECT_NE(full, empty);
  EXPECT_EQ(*w.lists.remove_words(AddressList::black, std::vector<std::string>{"Sex", "none"}), 1);
  EXPECT_NE(*w.lists.words_mark(), full);
  EXPECT_EQ(*w.lists.words(AddressList::white), (std::vector<std::string>{"Sex"}));
}

}  // namespace
}  // namespace pennypost::store
