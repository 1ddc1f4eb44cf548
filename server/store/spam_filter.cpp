// The tables of schema spamfilter (003-spam-filter.sql). Everything is one statement or one batch.
#include "server/store/spam_filter.h"

#include <algorithm>

#include "server/base/text.h"
#include "server/store/connection.h"
#include "server/store/database.h"

namespace pennypost::store {
namespace {

const Sql kFindWhite{"spam_filter.find_white", R"sql(
    UPDATE spamfilter.whitelist SET findcount = findcount + 1, lastfound = now() WHERE address = $1::text
    RETURNING 1)sql"};
const Sql kFindBlack{"spam_filter.find_black", R"sql(
    UPDATE spamfilter.blacklist SET findcount = findcount + 1, lastfound = now() WHERE address = $1::text
    RETURNING 1)sql"};
const Sql kPatterns{"spam_filter.patterns", R"sql(
    SELECT pattern FROM spamfilter.addresspatterns WHERE list = $1::text ORDER BY pattern)sql"};
const Sql kAddWhite{"spam_filter.add_white", R"sql(
    INSERT INTO spamfilter.whitelist AS w (address, autoadded, addcount, lastaddedby, lastautoaddedby)
    VALUES ($1::text, $3::boolean, $3::boolean::integer, CASE WHEN $3::boolean THEN '' ELSE $2::text END,
            CASE WHEN $3::boolean THEN $2::text ELSE '' END)
    ON CONFLICT (address) DO UPDATE
       SET lastadded = now(), addcount = w.addcount + excluded.addcount, autoadded = w.autoadded AND excluded.autoadded,
           lastaddedby = CASE WHEN $3::boolean THEN w.lastaddedby ELSE excluded.lastaddedby END,
           lastautoaddedby = CASE WHEN $3::boolean THEN excluded.lastautoaddedby ELSE w.lastautoaddedby END)sql"};
const Sql kAddBlack{"spam_filter.add_black", R"sql(
    INSERT INTO spamfilter.blacklist (address, lastaddedby) VALUES ($1::text, $2::text)
    ON CONFLICT (address) DO UPDATE SET lastadded = now(), lastaddedby = excluded.lastaddedby)sql"};
const Sql kAddPattern{"spam_filter.add_pattern", R"sql(
    INSERT INTO spamfilter.addresspatterns (list, pattern, lastaddedby) VALUES ($1::text, $2::text, $3::text)
    ON CONFLICT (list, pattern) DO UPDATE SET lastadded = now(), lastaddedby = excluded.lastaddedby)sql"};
const Sql kFoundPattern{"spam_filter.found_pattern", R"sql(
    UPDATE spamfilter.addresspatterns SET findcount = findcount + 1, lastfound = now()
     WHERE list = $1::text AND pattern = $2::text)sql"};
const Sql kRemoveWhite{"spam_filter.remove_white", "DELETE FROM spamfilter.whitelist WHERE address = $1::text"};
const Sql kRemoveBlack{"spam_filter.remove_black", "DELETE FROM spamfilter.blacklist WHERE address = $1::text"};
const Sql kRemovePattern{"spam_filter.remove_pattern",
                         "DELETE FROM spamfilter.addresspatterns WHERE list = $1::text AND pattern = $2::text"};

const Sql kInsert{"spam_filter.insert", R"sql(
    INSERT INTO spamfilter.scriptdata (component, key, value) VALUES ($1::text, $2::text, $3::text))sql"};
// Two scripts that make the same record at once: the second waits here for the first.
const Sql kLockRecord{"spam_filter.lock_record", R"sql(
    SELECT pg_advisory_xact_lock(hashtextextended($1::text || chr(31) || $2::text, 7)))sql"};
const Sql kInsertUnique{"spam_filter.insert_unique", R"sql(
    INSERT INTO spamfilter.scriptdata (component, key, value)
    SELECT $1::text, $2::text, $3::text
     WHERE NOT EXISTS (SELECT FROM spamfilter.scriptdata WHERE component = $1::text AND key = $2::text))sql"};
const Sql kUpdate{"spam_filter.update", R"sql(
    UPDATE spamfilter.scriptdata
       SET updated = clock_timestamp(),
           value = CASE $3::text
                     WHEN 'add' THEN spamfilter.number_text(spamfilter.leading_number(value)
                                                            + spamfilter.leading_number($4::text))
                     WHEN 'subtract' THEN spamfilter.number_text(spamfilter.leading_number(value)
                                                                 - spamfilter.leading_number($4::text))
                     WHEN 'append' THEN value || $4::text
                     WHEN 'upper' THEN upper($4::text)
                     WHEN 'lower' THEN lower($4::text)
                     ELSE $4::text
                   END
     WHERE component = $1::text AND key = $2::text)sql"};

const Sql kInterval{"spam_filter.interval", "SELECT $1::text::interval"};
const Sql kQueryTime{"spam_filter.query_time", "SELECT set_config('statement_timeout', '5000', true)"};
const Sql kQuery{"spam_filter.query", R"sql(
    WITH found AS (
      SELECT id, value COLLATE "C" AS value, lower(value) COLLATE "C" AS folded,
             spamfilter.leading_number(value) AS number
        FROM spamfilter.scriptdata s,
             LATERAL (SELECT CASE WHEN $5::boolean THEN lower(s.key) ELSE s.key END COLLATE "C" AS l,
                             CASE WHEN $5::boolean THEN lower($2::text) ELSE $2::text END COLLATE "C" AS r) k
       WHERE component = $1::text
         AND (nullif($6::text, '') IS NULL OR updated >= clock_timestamp() - nullif($6::text, '')::interval)
         AND CASE
               WHEN $3::text = '~' AND $5::boolean THEN key ~* $2::text
               WHEN $3::text = '~' THEN key ~ $2::text
               WHEN $3::text = '!~' AND $5::boolean THEN key !~* $2::text
               WHEN $3::text = '!~' THEN key !~ $2::text
               WHEN $3::text = 'like' THEN l LIKE r
               WHEN $4::boolean THEN CASE $3::text
                 WHEN '=' THEN spamfilter.leading_number(l) = spamfilter.leading_number(r)
                 WHEN '<>' THEN spamfilter.leading_number(l) <> spamfilter.leading_number(r)
                 WHEN '<' THEN spamfilter.leading_number(l) < spamfilter.leading_number(r)
                 WHEN '>' THEN spamfilter.leading_number(l) > spamfilter.leading_number(r)
                 WHEN '<=' THEN spamfilter.leading_number(l) <= spamfilter.leading_number(r)
                 WHEN '>=' THEN spamfilter.leading_number(l) >= spamfilter.leading_number(r)
               END
               ELSE CASE $3::text
                 WHEN '=' THEN l = r
                 WHEN '<>' THEN l <> r
                 WHEN '<' THEN l < r
                 WHEN '>' THEN l > r
                 WHEN '<=' THEN l <= r
                 WHEN '>=' THEN l >= r
               END
             END)
    SELECT CASE $7::text
             WHEN 'count' THEN count(*)::text
             WHEN 'max' THEN max(value)
             WHEN 'min' THEN min(value)
             WHEN 'maxnum' THEN (array_agg(value ORDER BY number DESC, id))[1]
             WHEN 'minnum' THEN (array_agg(value ORDER BY number, id))[1]
             WHEN 'maxi' THEN (array_agg(value ORDER BY folded DESC, id))[1]
             WHEN 'mini' THEN (array_agg(value ORDER BY folded, id))[1]
             WHEN 'sum' THEN spamfilter.number_text(sum(number))
             WHEN 'avg' THEN spamfilter.number_text(avg(number))
             WHEN 'first' THEN (array_agg(value ORDER BY id))[1]
             WHEN 'last' THEN (array_agg(value ORDER BY id DESC))[1]
           END
      FROM found)sql"};

const Sql kTokens{"spam_filter.tokens", R"sql(
    SELECT ham, spam, token FROM spamfilter.bayestokens WHERE token = ANY($1::bigint[]))sql"};
const Sql kSize{"spam_filter.size", "SELECT ham, spam FROM spamfilter.bayesmessages"};
std::string_view word(SpamFilter::Update how) {
  switch (how) {
    case SpamFilter::Update::set:
      return "set";
    case SpamFilter::Update::add:
      return "add";
    case SpamFilter::Update::subtract:
      return "subtract";
    case SpamFilter::Update::append:
      return "append";
    case SpamFilter::Update::upper:
      return "upper";
    case SpamFilter::Update::lower:
      return "lower";
  }
  return "set";
}

template <typename T>
Result<void> without_value(Result<T> done) {
  if (!done) return std::move(done).error();
  return {};
}

}  // namespace

bool is_pattern(std::string_view entry) {
  return entry.find_first_of("*?") != std::string_view::npos || (entry.size() > 1 && entry.front() == '/');
}

std::string_view word(AddressList list) { return list == AddressList::white ? "white" : "black"; }

Result<bool> SpamFilter::find_address(AddressList list, std::string_view address) {
  auto lease = database_.lease();
  if (!lease) return std::move(lease).error();
  const auto key = clean_text(to_lower(trim(address)));
  auto rows = (*lease)->query(list == AddressList::white ? kFindWhite : kFindBlack, key);
  if (!rows) return std::move(rows).error();
  return !rows->empty();
}

Result<std::vector<std::string>> SpamFilter::patterns(AddressList list) {
  auto lease = database_.lease();
  if (!lease) return std::move(lease).error();
  auto rows = (*lease)->query(kPatterns, word(list));
  if (!rows) return std::move(rows).error();
  std::vector<std::string> out;
  for (int i = 0; i < rows->count(); ++i) out.push_back(rows->string(i, 0));
  return out;
}

Result<void> SpamFilter::found_pattern(AddressList list, std::string_view pattern) {
  auto lease = database_.lease();
  if (!lease) return std::move(lease).error();
  return without_value((*lease)->query(kFoundPattern, word(list), clean_text(pattern)));
}

Result<void> SpamFilter::add_address(AddressList list, std::string_view entry, std::string_view by, bool automatic) {
  auto lease = database_.lease();
  if (!lease) return std::move(lease).error();
  const auto text = clean_text(trim(entry));
  if (is_pattern(text)) return without_value((*lease)->query(kAddPattern, word(list), text, clean_text(by)));
  const auto key = to_lower(text);
  if (list == AddressList::white) return without_value((*lease)->query(kAddWhite, key, clean_text(by), automatic));
  return without_value((*lease)->query(kAddBlack, key, clean_text(by)));
}

Result<void> SpamFilter::remove_address(AddressList list, std::string_view entry) {
  auto lease = database_.lease();
  if (!lease) return std::move(lease).error();
  const auto text = clean_text(trim(entry));
  if (is_pattern(text)) return without_value((*lease)->query(kRemovePattern, word(list), text));
  return without_value((*lease)->query(list == AddressList::white ? kRemoveWhite : kRemoveBlack, to_lower(text)));
}

Result<void> SpamFilter::insert(Insert how, std::string_view component, std::string_view key, std::string_view value) {
  auto lease = database_.lease();
  if (!lease) return std::move(lease).error();
  const auto c = clean_text(component), k = clean_text(key), v = clean_text(value);
  if (how == Insert::multi) return without_value((*lease)->query(kInsert, c, k, v));
  auto tx = Transaction::begin(**lease);
  if (!tx) return std::move(tx).error();
  if (auto done = tx->query(kLockRecord, c, k); !done) return std::move(done).error();
  if (auto done = tx->query(kInsertUnique, c, k, v); !done) return std::move(done).error();
  return tx->commit();
}

Result<void> SpamFilter::update(std::string_view component, std::string_view key, Update how, std::string_view value) {
  auto lease = database_.lease();
  if (!lease) return std::move(lease).error();
  const auto c = clean_text(component), k = clean_text(key), v = clean_text(value);
  auto tx = Transaction::begin(**lease);
  if (!tx) return std::move(tx).error();
  if (auto done = tx->query(kLockRecord, c, k); !done) return std::move(done).error();
  if (auto done = tx->query(kInsertUnique, c, k, ""); !done) return std::move(done).error();
  if (auto done = tx->query(kUpdate, c, k, word(how), v); !done) return std::move(done).error();
  return tx->commit();
}

bool SpamFilter::is_interval(std::string_view text) {
  auto lease = database_.lease();
  return lease && (*lease)->query(kInterval, clean_text(text));
}

Result<std::optional<std::string>> SpamFilter::query(const ScriptQuery& q) {
  auto lease = database_.lease();
  if (!lease) return std::move(lease).error();
  Connection::Batch batch{**lease};
  batch.add(kQueryTime);
  batch.add(kQuery, clean_text(q.component), clean_text(q.key), q.comparator, q.as_numbers, q.ignores_case,
            clean_text(q.interval), q.aggregate);
  auto done = batch.run();
  if (!done) return std::move(done).error();
  const Rows& rows = done->at(1);
  if (rows.empty() || rows.is_null(0, 0)) return std::optional<std::string>{};
  return std::optional{rows.string(0, 0)};
}

Result<KnownTokens> SpamFilter::tokens(std::span<const std::int64_t> tokens) {
  auto lease = database_.lease();
  if (!lease) return std::move(lease).error();
  Connection::Batch batch{**lease};
  batch.add(kSize);
  batch.add(kTokens, std::vector<std::int64_t>(tokens.begin(), tokens.end()));
  auto done = batch.run();
  if (!done) return std::move(done).error();
  KnownTokens out;
  const Rows& size = done->at(0);
  if (!size.empty()) out.size = {size.integer(0, 0), size.integer(0, 1)};
  const Rows& rows = done->at(1);
  for (int i = 0; i < rows.count(); ++i)
    out.tokens.push_back(
        {{static_cast<std::int32_t>(rows.integer(i, 0)), static_cast<std::int32_t>(rows.integer(i, 1))},
         rows.integer(i, 2)});
  return out;
}

Result<BayesSize> SpamFilter::bayes_size() {
  auto lease = database_.lease();
  if (!lease) return std::move(lease).error();
  auto rows = (*lease)->query(kSize);
  if (!rows) return std::move(rows).error();
  if (rows->empty()) return BayesSize{};
  return BayesSize{rows->integer(0, 0), rows->integer(0, 1)};
}

}  // namespace pennypost::store
