-- Which messages Bayes has learned (spec 11 section 6), and the word lists (section 5.1). All of it is ours.

-- A message that was learned, as what, so that it counts once and can be un-learned; forgotten after
-- BayesRemembersDays. The numbers are hashes of its Message-ID and of its subject without "Re:" and "Fwd:" (0: none):
-- by them a message that somebody sends in to teach finds the one that it forwards.
CREATE TABLE spamfilter.bayeslearned (
  digest bytea PRIMARY KEY,
  messageid bigint NOT NULL DEFAULT 0,
  subject bigint NOT NULL DEFAULT 0,
  spam boolean NOT NULL,
  learned timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX bayeslearned_messageid ON spamfilter.bayeslearned (messageid) WHERE messageid <> 0;
CREATE INDEX bayeslearned_subject ON spamfilter.bayeslearned (subject, learned) WHERE subject <> 0;
CREATE INDEX bayeslearned_learned ON spamfilter.bayeslearned (learned);

-- Entries as typed: plain text, text with * and ?, or /expression/.
CREATE TABLE spamfilter.words (
  id bigserial PRIMARY KEY,
  list text NOT NULL CHECK (list IN ('white', 'black')),
  word text NOT NULL,
  added timestamptz NOT NULL DEFAULT now(),
  addedby text NOT NULL DEFAULT '',
  UNIQUE (list, word)
);

-- Patterns of the address lists get the history that plain addresses have.
ALTER TABLE spamfilter.addresspatterns
  ADD COLUMN lastadded timestamptz NOT NULL DEFAULT now(),
  ADD COLUMN lastfound timestamptz,
  ADD COLUMN findcount integer NOT NULL DEFAULT 0,
  ADD COLUMN lastaddedby text NOT NULL DEFAULT '';
