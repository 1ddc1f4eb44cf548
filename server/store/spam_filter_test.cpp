#include "server/store/spam_filter.h"

#include "server/store/connection.h"
#include "server/store/store_test_support.h"

namespace pennypost::store {
namespace {

struct WithFilter {
  std::unique_ptr<Store> store = TestCluster::instance().store();
  SpamFilter& filter = store->spam_filter();
  std::string ask(std::string_view key, std::string_view aggregate, std::string_view comparator = "=",
                  bool numbers = false, bool folded = false, std::string_view interval = "") {
    auto got = filter.query({"c", key, interval, comparator, numbers, folded, aggregate});
    if (!got) return "error";
    return got->value_or("none");
  }
};

TEST(SpamFilterLists, AnAddressIsFoundInAnyCaseAndTheFindIsCounted) {
  WithFilter w;
  ASSERT_OK(w.filter.add_address(AddressList::white, "Joe@Example.COM", "anna", true));
  ASSERT_OK(w.filter.add_address(AddressList::white, "joe@example.com", "bert", true));
  EXPECT_TRUE(*w.filter.find_address(AddressList::white, "JOE@example.com"));
  EXPECT_FALSE(*w.filter.find_address(AddressList::white, "jo@example.com"));
  EXPECT_FALSE(*w.filter.find_address(AddressList::black, "joe@example.com"));
  ASSERT_OK(w.filter.remove_address(AddressList::white, "JOE@example.com"));
  EXPECT_FALSE(*w.filter.find_address(AddressList::white, "joe@example.com"));
}

TEST(SpamFilterLists, WildcardsAndExpressionsStandApartFromPlainAddresses) {
  WithFilter w;
  for (const char* entry : {"*@y.example", "/^a/i", "/^a/i", "plain@x.example"})
    ASSERT_OK(w.filter.add_address(AddressList::black, entry, "anna", false));
  EXPECT_EQ(*w.filter.patterns(AddressList::black), (std::vector<std::string>{"*@y.example", "/^a/i"}));
  EXPECT_TRUE(w.filter.patterns(AddressList::white)->empty());
  EXPECT_TRUE(*w.filter.find_address(AddressList::black, "plain@x.example"));
}

TEST(SpamFilterData, UpdatesCountAppendAndFold) {  // spec 10 section 9, case 45
  WithFilter w;
  using Update = SpamFilter::Update;
  ASSERT_OK(w.filter.update("c", "k", Update::add, "1"));
  ASSERT_OK(w.filter.update("c", "k", Update::add, "1"));
  EXPECT_EQ(w.ask("k", "last"), "2");
  ASSERT_OK(w.filter.update("c", "k", Update::subtract, "0.5 and more"));
  EXPECT_EQ(w.ask("k", "last"), "1.5");
  ASSERT_OK(w.filter.update("c", "k", Update::append, "x"));
  EXPECT_EQ(w.ask("k", "last"), "1.5x");
  ASSERT_OK(w.filter.update("c", "k", Update::upper, "abC"));
  EXPECT_EQ(w.ask("k", "last"), "ABC");
  ASSERT_OK(w.filter.update("c", "k", Update::lower, "abC"));
  EXPECT_EQ(w.ask("k", "last"), "abc");
  ASSERT_OK(w.filter.update("c", "k", Update::set, "no number"));
  ASSERT_OK(w.filter.update("c", "k", Update::add, "3"));
  EXPECT_EQ(w.ask("k", "last"), "3");
}

TEST(SpamFilterData, UniqueKeepsOneRecordAndMultiKeepsAll) {  // case 46
  WithFilter w;
  using Insert = SpamFilter::Insert;
  for (int i = 0; i < 2; ++i) ASSERT_OK(w.filter.insert(Insert::unique, "c", "u", "5"));
  for (int i = 0; i < 2; ++i) ASSERT_OK(w.filter.insert(Insert::multi, "c", "m", "5"));
  EXPECT_EQ(w.ask("u", "count"), "1");
  EXPECT_EQ(w.ask("m", "count"), "2");
}

TEST(SpamFilterData, AggregatesOfTextAndOfNumbersDiffer) {  // case 47
  WithFilter w;
  for (const char* value : {"9", "10", "b", "A"})
    ASSERT_OK(w.filter.insert(SpamFilter::Insert::multi, "c", "k", value));
  for (const auto& [aggregate, expected] : {std::pair{"max", "b"},
                                            {"min", "10"},
                                            {"maxnum", "10"},
                                            {"minnum", "b"},
                                            {"maxi", "b"},
                                            {"mini", "10"},
                                            {"sum", "19"},
                                            {"avg", "4.75"},
                                            {"first", "9"},
                                            {"last", "A"},
                                            {"count", "4"}})
    EXPECT_EQ(w.ask("k", aggregate), expected) << aggregate;
  EXPECT_EQ(w.ask("other", "last"), "none");
  EXPECT_EQ(w.ask("other", "sum"), "none");
  EXPECT_EQ(w.ask("other", "count"), "0");
}

TEST(SpamFilterData, ComparatorsAreThoseOfTheSpec) {  // spec 10 section 4.4, case 49
  WithFilter w;
  ASSERT_OK(w.filter.insert(SpamFilter::Insert::multi, "c", "abc", "v"));
  struct Row {
    const char* comparator;
    const char* key;
    bool numbers, folded;
    const char* count;
  };
  for (const Row& row :
       {Row{"=", "ABC", false, true, "1"}, Row{"=", "ABC", false, false, "0"}, Row{"<>", "ABC", false, true, "0"},
        Row{"~", "^a.c$", false, false, "1"}, Row{"!~", "^A", false, true, "0"}, Row{"!~", "^A", false, false, "1"},
        Row{"like", "a%", false, false, "1"}, Row{"like", "A_C", false, true, "1"}, Row{"<", "abd", false, false, "1"},
        Row{">=", "B", false, false, "1"}, Row{">=", "b", false, false, "0"}, Row{"=", "0", true, false, "1"},
        Row{"~", "(", false, false, "error"}})
    EXPECT_EQ(w.ask(row.key, "count", row.comparator, row.numbers, row.folded), row.count)
        << row.comparator << ' ' << row.key;
  EXPECT_EQ(w.ask("abc", "count"), "1") << "the connection is of use after an error";
}

TEST(SpamFilterData, AnIntervalLeavesOldRecordsOut) {  // case 48
  WithFilter w;
  ASSERT_OK(w.filter.insert(SpamFilter::Insert::multi, "c", "k", "v"));
  EXPECT_EQ(w.ask("k", "count", "=", false, false, "1 hour"), "1");
  EXPECT_EQ(w.ask("k", "count", "=", false, false, "0 seconds"), "0");
  EXPECT_EQ(w.ask("k", "count", "=", false, false, "banana"), "error");
}

TEST(SpamFilterData, AnyOctetsAreStoredAsTextWithoutAnError) {
  WithFilter w;
  const std::string bad{"\xFF\0'; DROP TABLE x", 18};
  EXPECT_OK(w.filter.insert(SpamFilter::Insert::multi, "c", bad, bad));
  EXPECT_EQ(w.ask(bad, "count"), "1");
}

}  // namespace
}  // namespace pennypost::store
