-- The spam filter's own data (spec 30 section 11, 11 sections 5.4 and 6). spamfilter.whitelist and its columns are the
-- original's; the rest is ours.

CREATE SCHEMA IF NOT EXISTS spamfilter;

-- Plain addresses, in lower case; patterns stand apart.
CREATE TABLE spamfilter.whitelist (
  address text PRIMARY KEY,
  autoadded boolean NOT NULL DEFAULT false,
  initiallyadded timestamptz NOT NULL DEFAULT now(),
  lastadded timestamptz NOT NULL DEFAULT now(),
  lastfound timestamptz,
  addcount integer NOT NULL DEFAULT 0,
  findcount integer NOT NULL DEFAULT 0,
  lastaddedby text NOT NULL DEFAULT '',
  lastautoaddedby text NOT NULL DEFAULT ''
);

CREATE TABLE spamfilter.blacklist (
  address text PRIMARY KEY,
  initiallyadded timestamptz NOT NULL DEFAULT now(),
  lastadded timestamptz NOT NULL DEFAULT now(),
  lastfound timestamptz,
  findcount integer NOT NULL DEFAULT 0,
  lastaddedby text NOT NULL DEFAULT ''
);

-- Wildcards (* and ?) and /expressions/ of both lists.
CREATE TABLE spamfilter.addresspatterns (
  list text NOT NULL CHECK (list IN ('white', 'black')),
  pattern text NOT NULL,
  initiallyadded timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (list, pattern)
);

-- DBInsert, DBUpdate, DBQueryOne of the scripts.
CREATE TABLE spamfilter.scriptdata (
  id bigserial PRIMARY KEY,
  component text NOT NULL,
  key text NOT NULL,
  value text NOT NULL DEFAULT '',
  created timestamptz NOT NULL DEFAULT clock_timestamp(),
  updated timestamptz NOT NULL DEFAULT clock_timestamp()
);
CREATE INDEX scriptdata_key ON spamfilter.scriptdata (component, key);

-- The number that the text begins with, 0 when it begins with none (spec 10 section 6.16).
CREATE FUNCTION spamfilter.leading_number(value text) RETURNS double precision LANGUAGE sql IMMUTABLE AS $$
  SELECT coalesce(substring(value FROM '^\s*([-+]?(?:\d{1,200}(?:\.\d{0,200})?|\.\d{1,200}))')::double precision, 0)
$$;

-- The number as scripts print it: whole ones without a fraction (spec 10 section 3.1).
CREATE FUNCTION spamfilter.number_text(number double precision) RETURNS text LANGUAGE sql IMMUTABLE AS $$
  SELECT CASE WHEN number = trunc(number) AND abs(number) < 1e15 THEN number::numeric::text ELSE number::text END
$$;

-- Bayes: in how many learned messages of each kind a token stood. A token is the hash of a word.
CREATE TABLE spamfilter.bayestokens (
  token bigint PRIMARY KEY,
  ham integer NOT NULL DEFAULT 0,
  spam integer NOT NULL DEFAULT 0
);
CREATE TABLE spamfilter.bayesmessages (
  only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row),
  ham bigint NOT NULL DEFAULT 0,
  spam bigint NOT NULL DEFAULT 0
);
INSERT INTO spamfilter.bayesmessages DEFAULT VALUES;
