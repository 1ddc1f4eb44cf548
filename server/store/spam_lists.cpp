// The lists of the spam filter, for who keeps them (see the header).
#include "server/store/spam_lists.h"

#include <algorithm>

#include "server/base/text.h"
#include "server/store/connection.h"
#include "server/store/database.h"

namespace pennypost::store {
namespace {

const Sql kWhite{"spam_lists.white", R"sql(
    SELECT address, autoadded, initiallyadded, lastadded, lastfound, addcount, findcount, lastaddedby, lastautoaddedby
      FROM spamfilter.whitelist ORDER BY address)sql"};
const Sql kBlack{"spam_lists.black", R"sql(
    SELECT address, false, initiallyadded, lastadded, lastfound, 0, findcount, lastaddedby, ''
      FROM spamfilter.blacklist ORDER BY address)sql"};
const Sql kPatterns{"spam_lists.patterns", R"sql(
    SELECT pattern, false, initiallyadded, lastadded, lastfound, 0, findcount, lastaddedby, ''
      FROM spamfilter.addresspatterns WHERE list = $1::text ORDER BY pattern)sql"};
const Sql kAddWhite{"spam_lists.add_white", R"sql(
    INSERT INTO spamfilter.whitelist (address, lastaddedby) SELECT DISTINCT unnest($1::text[]), $2::text
    ON CONFLICT (address) DO UPDATE SET lastadded = now(), autoadded = false, lastaddedby = excluded.lastaddedby)sql"};
const Sql kAddBlack{"spam_lists.add_black", R"sql(
    INSERT INTO spamfilter.blacklist (address, lastaddedby) SELECT DISTINCT unnest($1::text[]), $2::text
    ON CONFLICT (address) DO UPDATE SET lastadded = now(), lastaddedby = excluded.lastaddedby)sql"};
const Sql kAddPatterns{"spam_lists.add_patterns", R"sql(
    INSERT INTO spamfilter.addresspatterns (pattern, lastaddedby, list)
    SELECT DISTINCT unnest($1::text[]), $2::text, $3::text
    ON CONFLICT (list, pattern) DO UPDATE SET lastadded = now(), lastaddedby = excluded.lastaddedby)sql"};
const Sql kRemoveWhite{"spam_lists.remove_white", "DELETE FROM spamfilter.whitelist WHERE address = ANY($1::text[])"};
const Sql kRemoveBlack{"spam_lists.remove_black", "DELETE FROM spamfilter.blacklist WHERE address = ANY($1::text[])"};
const Sql kRemovePatterns{"spam_lists.remove_patterns",
                          "DELETE FROM spamfilter.addresspatterns WHERE list = $2::text AND pattern = ANY($1::text[])"};
const Sql kWords{"spam_lists.words", "SELECT word FROM spamfilter.words WHERE list = $1::text ORDER BY id"};
const Sql kMark{"spam_lists.mark", "SELECT count(*), coalesce(max(id), 0) FROM spamfilter.words"};
const Sql kAddWords{"spam_lists.add_words", R"sql(
    INSERT INTO spamfilter.words (list, word, addedby)
    SELECT $2::text, word, $3::text
      FROM (SELECT word, min(place) AS place FROM unnest($1::text[]) WITH ORDINALITY AS n(word, place) GROUP BY word) n
     ORDER BY place
    ON CONFLICT DO NOTHING)sql"};
const Sql kRemoveWords{"spam_lists.remove_words",
                       "DELETE FROM spamfilter.words WHERE list = $2::text AND word = ANY($1::text[])"};

void read(const Rows& rows, std::vector<ListEntry>& out) {
  for (int i = 0; i < rows.count(); ++i)
    out.push_back({.entry = rows.string(i, 0),
                   .is_automatic = rows.flag(i, 1),
                   .initially_added = rows.time(i, 2),
                   .last_added = rows.time(i, 3),
                   .last_found = rows.time_or_none(i, 4),
                   .add_count = rows.integer(i, 5),
                   .find_count = rows.integer(i, 6),
                   .added_by = rows.string(i, 7),
                   .auto_added_by = rows.string(i, 8)});
}

/// Plain addresses as they are stored, and patterns.
struct Forms {
  std::vector<std::string> plain, patterns;
  explicit Forms(std::span<const std::string> entries) {
    for (const auto& entry : entries) {
      auto text = clean_text(trim(entry));
      if (text.empty()) continue;
      if (is_pattern(text))
        patterns.push_back(std::move(text));
      else
        plain.push_back(to_lower(text));
    }
  }
};

std::vector<std::string> cleaned(std::span<const std::string> words) {
  std::vector<std::string> out;
  for (const auto& word : words) out.push_back(clean_text(word));
  return out;
}

std::int64_t affected(const std::vector<Rows>& done) {
  std::int64_t sum = 0;
  for (const auto& rows : done) sum += rows.affected();
  return sum;
}

}  // namespace

Result<std::vector<ListEntry>> SpamLists::addresses(AddressList list) {
  auto lease = database_.lease();
  if (!lease) return std::move(lease).error();
  Connection::Batch batch{**lease};
  batch.add(list == AddressList::white ? kWhite : kBlack);
  batch.add(kPatterns, word(list));
  auto done = batch.run();
  if (!done) return std::move(done).error();
  std::vector<ListEntry> out;
  for (const auto& rows : *done) read(rows, out);
  return out;
}

Result<std::int64_t> SpamLists::remove_addresses(AddressList list, std::span<const std::string> entries) {
  auto lease = database_.lease();
  if (!lease) return std::move(lease).error();
  const Forms forms{entries};
  Connection::Batch batch{**lease};
  batch.add(list == AddressList::white ? kRemoveWhite : kRemoveBlack, forms.plain);
  batch.add(kRemovePatterns, forms.patterns, word(list));
  auto done = batch.run();
  if (!done) return std::move(done).error();
  return affected(*done);
}

Result<void> SpamLists::add_addresses(AddressList list, std::span<const std::string> entries, std::string_view by) {
  auto lease = database_.lease();
  if (!lease) return std::move(lease).error();
  const Forms forms{entries};
  Connection::Batch batch{**lease};
  batch.add(list == AddressList::white ? kAddWhite : kAddBlack, forms.plain, clean_text(by));
  batch.add(kAddPatterns, forms.patterns, clean_text(by), word(list));
  if (auto done = batch.run(); !done) return std::move(done).error();
  return {};
}

Result<std::vector<std::string>> SpamLists::words(AddressList list) {
  auto lease = database_.lease();
  if (!lease) return std::move(lease).error();
  auto rows = (*lease)->query(kWords, word(list));
  if (!rows) return std::move(rows).error();
  std::vector<std::string> out;
  for (int i = 0; i < rows->count(); ++i) out.push_back(rows->string(i, 0));
  return out;
}

Result<WordsMark> SpamLists::words_mark() {
  auto lease = database_.lease();
  if (!lease) return std::move(lease).error();
  auto rows = (*lease)->query(kMark);
  if (!rows) return std::move(rows).error();
  return WordsMark{rows->integer(0, 0), rows->integer(0, 1)};
}

Result<std::int64_t> SpamLists::add_words(AddressList list, std::span<const std::string> words, std::string_view by) {
  auto lease = database_.lease();
  if (!lease) return std::move(lease).error();
  auto rows = (*lease)->query(kAddWords, cleaned(words), store::word(list), clean_text(by));
  if (!rows) return std::move(rows).error();
  return rows->affected();
}

Result<std::int64_t> SpamLists::remove_words(AddressList list, std::span<const std::string> words) {
  auto lease = database_.lease();
  if (!lease) return std::move(lease).error();
  auto rows = (*lease)->query(kRemoveWords, cleaned(words), store::word(list));
  if (!rows) return std::move(rows).error();
  return rows->affected();
}

}  // namespace pennypost::store
