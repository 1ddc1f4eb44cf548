// Statements that ask or tell the server something: the cases of spec 10 section 9 and spec 11 section 16 on DNS, HTTP,
// the database, Bayes, lists, addresses, MIME sections, headers and recipients.
#include <gmock/gmock.h>

#include "ruleinterp/fakes.h"
#include "ruleinterp/header_changes.h"
#include "ruleinterp/statements/database.h"
#include "ruleinterp/statements/zip.h"

namespace pennypost::ruleinterp {
namespace {

using fakes::Bench;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

std::string value_of(Bench& bench, const std::string& script, const std::string& variable) {
  Outcome outcome = bench.run(script);
  for (const Problem& problem : bench.compiled.problems) ADD_FAILURE() << describe(problem);
  EXPECT_THAT(outcome.warnings, IsEmpty());
  return outcome.variables[variable];
}

// --- DNS

TEST(Lookups, DnsGivesALineForEachRecord) {  // 10-50
  Bench bench;
  bench.dns.answers["MX example.org"] = {{"example.org", "mx", "b.example.org", 20},
                                         {"example.org", "mx", "a.example.org", 10},
                                         {"example.org", "ns", "ns.example.org", 0}};
  EXPECT_EQ(value_of(bench, "DNS mx example.org v\n", "v"),
            "example.org:mx:a.example.org\nexample.org:mx:b.example.org\nexample.org:ns:ns.example.org");
}

TEST(Lookups, PtrOfAnAddressAsksForItsReverseName) {
  Bench bench;
  value_of(bench, "DNS PTR 192.0.2.7 v\nDNS PTR 2001:db8::1 v\n", "v");
  EXPECT_THAT(bench.dns.asked,
              ElementsAre("PTR 7.2.0.192.in-addr.arpa",
                          "PTR 1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa"));
}

TEST(Lookups, DnsblReversesAddressesAndGivesTheLowestAnswerFirst) {  // 10-51, 11-10
  Bench bench;
  bench.dns.answers["A 1.2.0.192.bl.test"] = {{"x", "a", "127.0.0.2", 0}};
  bench.dns.answers["A host.example.bl.test"] = {{"x", "a", "127.0.0.10", 0}, {"x", "a", "127.0.0.9", 0}};
  EXPECT_EQ(value_of(bench, "DNSBL 192.0.2.1 bl.test v\n", "v"), "127.0.0.2");
  EXPECT_EQ(value_of(bench, "DNSBL host.example bl.test v\n", "v"), "127.0.0.9\n127.0.0.10");
  EXPECT_EQ(value_of(bench, "DNSBL 192.0.2.3 bl.test v\n", "v"), "");
}

TEST(Lookups, SurblAsksForTheNameAsItIsGiven) {  // 11-11
  Bench bench;
  bench.dns.answers["A listed.test.multi.surbl.test"] = {{"x", "a", "127.0.0.8", 0}};
  EXPECT_EQ(value_of(bench, "SURBL listed.test multi.surbl.test v\n", "v"), "127.0.0.8");
}

TEST(Lookups, AnEarlyStartIsTheSameQuestionAndWaitsOnce) {  // 11-9
  Bench bench;
  bench.envelope.sender_ip = "192.0.2.1";
  bench.dns.delay = std::chrono::milliseconds{100};
  bench.dns.answers["A 1.2.0.192.bl.test"] = {{"x", "a", "127.0.0.2", 0}};
  const auto before = std::chrono::steady_clock::now();
  EXPECT_EQ(value_of(bench,
                     "StartDNSBL ${SenderIP} bl.test\nStartSURBL spam.example uri.test\nStartDNS MX example.org\n"
                     "${x} = 1\nDNSBL ${SenderIP} BL.TEST r\nSURBL spam.example uri.test u\nDNS mx example.org m\n",
                     "r"),
            "127.0.0.2");
  EXPECT_LT(std::chrono::steady_clock::now() - before, std::chrono::milliseconds{280});
  EXPECT_THAT(bench.dns.asked, SizeIs(3));
}

TEST(Lookups, AWaitEndsAtTheTimeLimitOfTheRun) {
  Bench bench;
  bench.dns.delay = std::chrono::seconds{20};
  bench.limits.time = std::chrono::milliseconds{50};
  bench.dns.answers["A x.bl.test"] = {{"x", "a", "127.0.0.2", 0}};
  const Outcome outcome = bench.run("DNSBL x bl.test r\n:top\nGoto top\n");
  EXPECT_EQ(outcome.ended, Ended::time);
  EXPECT_LT(outcome.time, std::chrono::seconds{5});
}

TEST(Lookups, NamesThatNobodyCanHaveAreNotAsked) {
  Bench bench;
  value_of(bench, "DNSBL \"a b\" bl.test r\nDNSBL \"\" bl.test r\nDNS A a..b r\nDNS A .a r\n", "r");
  EXPECT_THAT(bench.dns.asked, IsEmpty());
}

TEST(Lookups, WithoutAServiceTheResultIsEmptyAndTheRunSaysSoOnce) {
  Bench bench;
  bench.host = {};
  const Outcome outcome = bench.run(
      "DNS A x v\nDNSBL x y v\nHTTPGet http://x h c\nGetAddressType a@b t\nGetGeoIP 1.2.3.4 g\nGetUserGroup u g\n"
      "DBInsert multi c k v\nDBUpdate c k += 1\nDBQueryOne c last = k v\nAddBayesSpam\n${p} = CalcBayes\n"
      "AddWhiteList a@b\nIfMatch whitelist a@b\nEndIf\nIfLocalAddress a@b\nEndIf\n");
  EXPECT_THAT(outcome.warnings, SizeIs(7));
  EXPECT_EQ(outcome.variables.at("v"), "");
  EXPECT_EQ(outcome.variables.at("p"), "50");
}

// --- HTTP

TEST(Web, APortThatIsClosedGivesEmptyTexts) {  // 10-53
  Bench bench;
  EXPECT_EQ(value_of(bench, "HTTPGet http://127.0.0.1:1/ h c\n${r} = \"on${h}${c}\"\n", "r"), "on");
}

TEST(Web, PagesAreFetchedPostedAndFingerprinted) {  // 10-54
  Bench bench;
  bench.http.pages["http://x.example/"] = {"HTTP/1.1 200 OK\r\nA: b", std::string{"a\0b", 3}};
  bench.http.pages["https://x.example/abc"] = {"HTTP/1.1 200 OK", "abc"};
  EXPECT_EQ(value_of(bench, "HTTPGet http://x.example/ h c\n${r} = \"${h}|${c}\"\n", "r"), "HTTP/1.1 200 OK\nA: b|a b");
  EXPECT_EQ(value_of(bench, "HTTPGetMD5 https://x.example/abc h m\n", "m"), "900150983cd24fb0d6963f7d28e17f72");
  EXPECT_EQ(value_of(bench, "HTTPGetMD5 https://x.example/gone h m\n", "m"), "");
  EXPECT_EQ(value_of(bench, "HTTPPost https://x.example/abc \"a=1&b=2\" h c\n", "c"), "abc");
  EXPECT_EQ(bench.http.requests.back().form, "a=1&b=2");
  EXPECT_EQ(value_of(bench, "WinHTTPGet https://x.example/abc h c\n", "c"), "abc");
  EXPECT_TRUE(bench.http.requests.back().system_proxy);
}

TEST(Web, OnlyHttpIsFetched) {
  Bench bench;
  const Outcome outcome = bench.run("HTTPGet file:///etc/passwd h c\n");
  EXPECT_THAT(bench.http.requests, IsEmpty());
  EXPECT_THAT(outcome.warnings, SizeIs(1));
}

// --- the database

TEST(Database, UpdateMakesAndChangesRecords) {  // 10-45
  Bench bench;
  EXPECT_EQ(value_of(bench, "DBUpdate c k += 1\nDBUpdate c k += 1\nDBQueryOne c last = k v\n", "v"), "2");
  EXPECT_EQ(value_of(bench, "DBUpdate d k .= ab\nDBUpdate d k .= cd\nDBQueryOne d first = k v\n", "v"), "abcd");
  EXPECT_EQ(value_of(bench, "DBUpdate d k = 9\nDBUpdate d k -= 2\nDBQueryOne d first = k v\n", "v"), "7");
  EXPECT_EQ(value_of(bench, "DBUpdate d k upper aBc\nDBQueryOne d first = k v\n", "v"), "ABC");
  EXPECT_EQ(value_of(bench, "DBUpdate d k lower aBc\nDBQueryOne d first = k v\n", "v"), "abc");
}

TEST(Database, InsertUniqueKeepsOneRecord) {  // 10-46
  Bench bench;
  EXPECT_EQ(value_of(bench, "DBInsert unique c k 5\nDBInsert unique c k 5\nDBQueryOne c count = k v\n", "v"), "1");
  EXPECT_EQ(value_of(bench, "DBInsert multi d k 5\nDBInsert multi d k 5\nDBQueryOne d count = k v\n", "v"), "2");
}

TEST(Database, AggregatesCompareAsTextOrNumber) {  // 10-47
  Bench bench;
  const std::string rows = "DBInsert multi c k 9\nDBInsert multi c k 10\n";
  EXPECT_EQ(value_of(bench, rows + "DBQueryOne c max = k v\n", "v"), "9");
  EXPECT_EQ(value_of(bench, "DBQueryOne c maxnum = k v\n", "v"), "10");
  EXPECT_EQ(value_of(bench, "DBQueryOne c sum = k v\n", "v"), "19");
  EXPECT_EQ(value_of(bench, "DBQueryOne c avg = k v\n", "v"), "9.5");
  EXPECT_EQ(value_of(bench, "DBQueryOne c sum = nobody v\n", "v"), "0");
  EXPECT_EQ(value_of(bench, "DBQueryOne c last = nobody v\n", "v"), "");
}

TEST(Database, TheQueryTimeLimitsWhatIsSearched) {  // 10-48
  Bench bench;
  value_of(bench, "DBInsert multi c k 1\n", "v");
  bench.database.pass(std::chrono::seconds{2});
  EXPECT_EQ(value_of(bench, "${_dbquerytime} = \"1 second\"\nDBQueryOne c count = k v\n", "v"), "0");
  EXPECT_EQ(value_of(bench, "DBQueryOne c count = k v\n", "v"), "1");
}

TEST(Database, ComparatorsMeanWhatTheTableSays) {  // 10-49, 11-43
  using K = Comparator::Kind;
  using As = Comparator::As;
  struct Row {
    const char* word;
    const char* key;
    K kind;
    As as;
    bool ignores_case;
  };
  for (const Row& row : std::initializer_list<Row>{
           {"=", "5", K::equal, As::number, false},
           {"==", "abc", K::equal, As::text, false},
           {"==*", "ABC", K::equal, As::text, true},
           {"<>", "5", K::unequal, As::number, false},
           {"!=*", "x", K::unequal, As::text, true},
           {"<", "5", K::less, As::number, false},
           {">", "x", K::greater, As::text, false},
           {"<=*", "x", K::less_or_equal, As::text, true},
           {">=", "-1.5", K::greater_or_equal, As::number, false},
           {"eq", "5", K::equal, As::text, false},
           {"NEI", "ABC", K::unequal, As::text, true},
           {"lt", "5", K::less, As::text, false},
           {"gei", "5", K::greater_or_equal, As::text, true},
           {"~", "a.c", K::matches, As::text, false},
           {"!~*", "a.c", K::matches_not, As::text, true},
           {"LIKE", "a%", K::like, As::text, false},
           {"ilike", "a%", K::like, As::text, true},
       }) {
    SCOPED_TRACE(row.word);
    const auto made = comparator_of(row.word, row.key);
    ASSERT_TRUE(made);
    EXPECT_EQ(made->kind, row.kind);
    EXPECT_EQ(made->as, row.as);
    EXPECT_EQ(made->ignores_case, row.ignores_case);
  }
  for (const char* word : {"", "=>", "eq*", "neil", "~~", "**", "li"}) EXPECT_FALSE(comparator_of(word, "x")) << word;
  Bench bench;
  EXPECT_EQ(value_of(bench, "DBInsert multi c abc 1\nDBQueryOne c first nei ABC v\n", "v"), "");
  EXPECT_EQ(value_of(bench, "DBQueryOne c first ~ \"^a\" v\n", "v"), "1");
}

TEST(Database, EveryComparatorOfTheManualIsUnderstood) {
  for (std::string_view rest = kComparators; !rest.empty();) {
    const std::size_t end = std::min(rest.find(' '), rest.size());
    EXPECT_TRUE(comparator_of(rest.substr(0, end), "x")) << rest.substr(0, end);
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
}

// --- Bayes, lists, addresses

TEST(Learning, BayesIsTaughtAndAsked) {  // 11-37, the script's part
  Bench bench;
  EXPECT_EQ(value_of(bench, "AddBayesHam\nAddBayesSpam\nRemoveBayesHam\nRemoveBayesSpam\n${p} = CalcBayes\n", "p"),
            "95");
  EXPECT_THAT(bench.bayes.acts, ElementsAre("+ham", "+spam", "-ham", "-spam"));
  EXPECT_EQ(value_of(bench, "${n} = ${BayesSize}\n", "n"), "7");
}

TEST(Learning, ListsGrowButNeverByTheNullSender) {
  Bench bench;
  value_of(bench,
           "AddWhiteList \"a@x.example\"\nAddWhiteList \"\"\nAddWhiteList \"<>\"\nAddBlackList \"<b@x.example>\"\n",
           "x");
  EXPECT_THAT(bench.lists.entries(List::white), ElementsAre("a@x.example"));
  EXPECT_THAT(bench.lists.entries(List::black), ElementsAre("b@x.example"));
}

TEST(People, AddressTypesAndLocalAddresses) {  // 10-52
  Bench bench;
  bench.directory.types = {{"u@x", "User"}, {"l@x", "List"}, {"n@x", "Invalid"}};
  const auto type = [&](const char* address) {
    return value_of(bench, std::string{"GetAddressType "} + address + " t\n", "t");
  };
  EXPECT_EQ(type("u@x"), "User");
  EXPECT_EQ(type("l@x"), "List");
  EXPECT_EQ(type("n@x"), "Invalid");
  EXPECT_EQ(type("r@far"), "Remote");
  const auto local = [&](const char* address) {
    return value_of(bench, std::string{"${r} = 0\nIfLocalAddress "} + address + "\n${r} = 1\nEndIf\n", "r");
  };
  EXPECT_EQ(local("n@x"), "1");
  EXPECT_EQ(local("r@far"), "0");
  EXPECT_EQ(local("\"\""), "0");
}

TEST(People, GroupsAndCountries) {
  Bench bench;
  bench.directory.groups["bob"] = {"sales", "all"};
  EXPECT_EQ(value_of(bench, "GetUserGroup bob g\n", "g"), "sales\nall");
  EXPECT_EQ(value_of(bench, "GetUserGroup eve g\n", "g"), "");
  EXPECT_EQ(value_of(bench, "GetGeoIP 192.0.2.1 c\n", "c"), "NZ");
  EXPECT_EQ(value_of(bench, "GetGeoIP 10.0.0.1 c\n", "c"), "");
}

// --- digests, dates, sections, zip files

TEST(Digests, AreLowerCaseHexadecimal) {
  Bench bench;
  EXPECT_EQ(value_of(bench, "GetMD5 abc h\n", "h"), "900150983cd24fb0d6963f7d28e17f72");
  EXPECT_EQ(value_of(bench, "GetSHA1 abc h\n", "h"), "a9993e364706816aba3e25717850c26c9cd0d89d");
  EXPECT_EQ(value_of(bench, "GetMD5 \"\" h\n", "h"), "d41d8cd98f00b204e9800998ecf8427e");
}

TEST(Dates, BecomeDaysSince1601) {  // 10-60
  Bench bench;
  const auto days = [&](const char* date) {
    return value_of(bench, std::string{"GetRFC822Date \""} + date + "\" d\n", "d");
  };
  for (const auto& [date, expected] : {
           std::pair{"Thu, 01 Jan 1970 00:00:00 +0000", "134774"},
           {"1 Jan 1970 00:00:00 GMT", "134774"},
           {"Thu, 01 Jan 1970 12:00 +0000", "134774.5"},
           {"Thu, 01 Jan 1970 01:00:00 +0100", "134774"},
           {"Wed, 31 Dec 1969 19:00:00 EST", "134774"},
           {"Thu (day), 1 (first) Jan 70 00:00:00 -0000 (comment)", "134774"},
           {"Mon, 1 Jan 1601 00:00:00 +0000", "0"},
           {"29 Feb 2024 00:00:00 +0000", "154556"},
           {"01-Jan-1970 00:00:00 +0000", "134774"},
           {"yesterday", ""},
           {"", ""},
           {"30 Feb 2024 00:00:00 +0000", ""},
           {"1 Jan 1970 25:00:00 +0000", ""},
       })
    EXPECT_EQ(days(date), expected) << date;
}

TEST(Sections, AreFoundByNumberOrId) {
  Bench bench;
  bench.mail.part("text/plain", std::string{"a\0b", 3}, Role::attachment, "n.txt");
  EXPECT_EQ(value_of(bench, "GetDecodedSection 1 c\n", "c"), "one two  three");
  EXPECT_EQ(value_of(bench, "GetDecodedSection 3 c\n", "c"), "a b");
  EXPECT_EQ(value_of(bench, "GetDecodedSection 9 c\n", "c"), "");
  EXPECT_EQ(value_of(bench, "GetDecodedSection x c\n", "c"), "");
  EXPECT_EQ(value_of(bench, "GetSectionEncoding 1 c\n", "c"), "7bit");
  EXPECT_EQ(value_of(bench, "GetSectionMD5 2 c\n", "c"), "ac6ad5d9b99757c3a878f2d275ace198");
  EXPECT_EQ(value_of(bench,
                     "ForEach MimeSection s\nIfMatch ${s} \"/^(\\d+):([^:]*):([^:]*):(\\d+):(\\d*):(.*)$/\"\n"
                     "${r} .= \"${1}${3}${6} \"\nEndIf\nEndFor\n",
                     "r"),
            "1text/plain 2application/octet-streamReport.EXE 3text/plainn.txt ");
}

// A zip file with two files, stored, made octet by octet (local headers, directory, end record).
std::string small_zip(bool with_directory) {
  const auto number = [](std::uint32_t value, int octets) {
    std::string out;
    for (int i = 0; i < octets; ++i, value >>= 8) out += static_cast<char>(value & 0xFF);
    return out;
  };
  std::string zip, directory;
  for (const auto& [name, content] :
       {std::pair<std::string, std::string>{"dir/evil.exe", "MZxx"}, {"dir/", ""}, {"a.txt", "a"}}) {
    const auto size = static_cast<std::uint32_t>(content.size());
    const auto length = static_cast<std::uint32_t>(name.size());
    directory += "PK\x01\x02" + number(0, 16) + number(size, 4) + number(size, 4) + number(length, 2) + number(0, 12) +
                 number(static_cast<std::uint32_t>(zip.size()), 4) + name;
    zip += "PK\x03\x04" + number(0, 14) + number(size, 4) + number(size, 4) + number(length, 2) + number(0, 2) + name +
           content;
  }
  if (!with_directory) return zip;
  return zip + directory + "PK\x05\x06" + number(0, 4) + number(3, 2) + number(3, 2) +
         number(static_cast<std::uint32_t>(directory.size()), 4) + number(static_cast<std::uint32_t>(zip.size()), 4) +
         number(0, 2);
}

TEST(Sections, ZipFilesShowTheirNames) {
  for (const bool with_directory : {true, false}) {
    SCOPED_TRACE(with_directory);
    Bench bench;
    bench.mail.part("application/zip", small_zip(with_directory), Role::attachment, "x.zip");
    EXPECT_EQ(value_of(bench, "ZipCount 3 n\n", "n"), "2");
    EXPECT_EQ(value_of(bench, "ZipContents 3 n\n", "n"), "evil.exe\na.txt");
    EXPECT_EQ(value_of(bench, "ZipContentsFull 3 n\n", "n"), "4:dir/evil.exe\n1:a.txt");
    EXPECT_EQ(value_of(bench, "ZipCount 1 n\n", "n"), "0");
    EXPECT_EQ(value_of(bench, "ZipContents 1 n\n", "n"), "");
  }
}

TEST(Sections, ABrokenZipFileIsReadAsFarAsItGoes) {
  const std::string whole = small_zip(true);
  for (std::size_t cut = 0; cut <= whole.size(); ++cut) EXPECT_LE(zip_entries(whole.substr(0, cut)).size(), 2u);
  for (std::size_t at = 0; at < whole.size(); ++at) {
    std::string bent = whole;
    bent[at] = static_cast<char>(bent[at] ^ 0xFF);
    EXPECT_LE(zip_entries(bent).size(), 3u);
  }
}

// --- headers and recipients

std::string after(const std::string& script, const std::string& header, const std::string& user = "") {
  Bench bench;
  const Outcome outcome = bench.run(script);
  EXPECT_THAT(outcome.warnings, IsEmpty());
  return apply_header_changes(header, outcome.headers, user);
}

TEST(Headers, AddHeaderChangesFields) {
  const std::string header = "Received: x\r\nX-T: old\r\n more\r\nTo: a@x\r\n";
  struct Row {
    const char* what;
    const char* script;
    std::string result;
  };
  for (const Row& row : {
           Row{"10-34 the later value wins, at the end", "AddHeader \"X-N: 1\"\nAddHeader \"X-N: 2\"\n",
               header + "X-N: 2\r\n"},
           {"replaced in its place", "AddHeader \"x-t: new\"\n", "Received: x\r\nx-t: new\r\nTo: a@x\r\n"},
           {"10-35 removed", "AddHeader \"X-T:\"\n", "Received: x\r\nTo: a@x\r\n"},
           {"removed when it is not there", "AddHeader \"X-Q:\"\n", header},
           {"10-36 first", "AddHeader \"-X-T: 1\"\n", "X-T: 1\r\n" + header},
           {"last", "AddHeader \"+X-T: 1\"\n", header + "X-T: 1\r\n"},
           {"11-45 the subject", "AddHeader \"subject: [S] ${Subject}\"\n", header + "subject: [S] Hello World\r\n"},
           {"a user's own", "AddHeader \"{bob}X-U: 1\"\n", header},
           {"line breaks add no field", "Convert 10 Char lf\nAddHeader \"X-U: a${lf}Bcc: b\"\n",
            header + "X-U: a Bcc: b\r\n"},
       }) {
    SCOPED_TRACE(row.what);
    EXPECT_EQ(after(row.script, header), row.result);
  }
}

TEST(Headers, AUserPrefixConcernsThatUserOnly) {  // 10-37
  EXPECT_EQ(after("AddHeader \"{bob}X-T: 1\"\n", "A: b\r\n", "Bob"), "A: b\r\nX-T: 1\r\n");
  EXPECT_EQ(after("AddHeader \"-{bob}X-T: 1\"\n", "A: b\r\n", "bob"), "X-T: 1\r\nA: b\r\n");
  EXPECT_EQ(after("AddHeader \"+{bob}X-T: 1\"\n", "A: b\r\n", "eve"), "A: b\r\n");
}

TEST(Headers, AHashRemovesFieldsThatMatch) {  // 10-38
  const std::string script = "AddHeader \"#X-T: ^a+$\"\n";
  EXPECT_EQ(after(script, "X-T: aaa\r\nX-T: aab\r\nB: a\r\n"), "X-T: aab\r\nB: a\r\n");
  // What an earlier change has set is what is tested.
  EXPECT_EQ(after("AddHeader \"X-T: aa\"\n" + script, "X-T: b\r\nB: a\r\n"), "B: a\r\n");
  EXPECT_EQ(after("AddHeader \"X-T: b\"\n" + script, "X-T: aa\r\nB: a\r\n"), "X-T: b\r\nB: a\r\n");
}

TEST(Headers, OtherLettersBecomeEncodedWords) {
  EXPECT_EQ(after("AddHeader \"Subject: gr\xC3\xBC\xC3\x9F\"\n", ""), "Subject: =?utf-8?B?Z3LDvMOf?=\r\n");
  EXPECT_EQ(after("AddHeader \"Subject: gr\xFC\"\n", ""), "Subject: =?iso-8859-1?B?Z3L8?=\r\n");
}

TEST(Headers, WhatIsNoHeaderLineChangesNothing) {
  Bench bench;
  const Outcome outcome = bench.run(
      "AddHeader \"nonsense\"\nAddHeader \"\"\nAddHeader \"a b: c\"\nAddHeader \"{bob\"\nAddHeader \"#X: "
      "(\"\nAddHeader \": x\"\n");
  EXPECT_THAT(outcome.headers, IsEmpty());
  EXPECT_THAT(outcome.warnings, SizeIs(6));
}

TEST(Mail, RejectGivesTheReplyOnSmtpAndNothingElsewhere) {
  Bench bench;
  Outcome outcome = bench.run("Reject \"451 4.7.1 later\"\n${a} = 1\n");  // 11-5
  EXPECT_EQ(outcome.reject, "451 4.7.1 later");
  EXPECT_EQ(outcome.ended, Ended::reject);
  EXPECT_EQ(outcome.variables.count("a"), 0u);
  EXPECT_EQ(bench.run("Reject \"no thanks\"\n").reject, "552 no thanks");  // 11-6
  EXPECT_EQ(bench.run("Reject \"250 fine\"\n").reject, "552 250 fine");
  EXPECT_EQ(bench.run("Convert 10 Char lf\nReject \"550 a${lf}250 b\"\n").reject, "550 a 250 b");
  bench.envelope.arrival = Arrival::pop3;
  outcome = bench.run("Reject \"451 4.7.1 later\"\n${a} = 1\n");  // 11-7
  EXPECT_FALSE(outcome.reject);
  EXPECT_EQ(outcome.variables["a"], "1");
}

TEST(Mail, SendMessageTurnsBackslashNIntoLines) {  // 11-8
  Bench bench;
  const Outcome outcome = bench.run("SendMessage \"a@example.org\" \"S\" \"l1\\nl2\" \"\"\n");
  ASSERT_THAT(outcome.messages, SizeIs(1));
  EXPECT_EQ(outcome.messages[0].recipient, "a@example.org");
  EXPECT_EQ(outcome.messages[0].subject, "S");
  EXPECT_EQ(outcome.messages[0].text, "l1\nl2");
}

TEST(Mail, RedirectReplacesAndCopyAdds) {
  Bench bench;
  bench.envelope.recipients = {"a@x", "b@x"};
  Outcome outcome = bench.run("${before} = ${RcptCount}\nRedirect bob\n${after} = ${RcptCount}\nCopy eve\nCopy eve\n");
  EXPECT_EQ(outcome.variables["before"], "2");
  EXPECT_EQ(outcome.variables["after"], "1");
  EXPECT_THAT(outcome.recipients, ElementsAre("bob"));
  EXPECT_TRUE(outcome.redirected);
  EXPECT_THAT(outcome.copies, ElementsAre("eve"));
}

TEST(Mail, NullAddressesAreKnownWhenTheScriptIsLoaded) {  // 10-39, the script's part
  Bench bench;
  const Outcome outcome = bench.run("AddNullAddress \"learn\"\nIf 1 = 2\nAddNullAddress \"never\"\nEndIf\n");
  EXPECT_THAT(bench.compiled.program->null_addresses, ElementsAre("learn"));
  EXPECT_THAT(outcome.null_addresses, ElementsAre("learn"));
}

TEST(Mail, AnEntryOfTheLogIsOneLine) {
  Bench bench;
  EXPECT_THAT(bench.run("Convert 10 Char lf\nLog \"a${lf}b\"\nLog \"from=${MailFrom}\"\n").log,
              ElementsAre("a b", "from="));
}

}  // namespace
}  // namespace pennypost::ruleinterp
