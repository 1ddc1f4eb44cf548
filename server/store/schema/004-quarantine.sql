-- The quarantine of the spam filter (spec 11 section 7): a row a message and user. All names are ours.

ALTER TABLE users.users
  ADD COLUMN quarantinethreshold double precision CHECK (quarantinethreshold >= -1),  -- null: global; -1: disabled
  ADD COLUMN quarantinereport text NOT NULL DEFAULT '';  -- address that gets the report; empty: as the settings say

CREATE TABLE spamfilter.quarantine (
  id bigserial PRIMARY KEY,
  usernumber integer NOT NULL REFERENCES users.users ON DELETE CASCADE,
  bodyid bigint NOT NULL,
  prefix bytea,                               -- header lines of this copy only; null: none
  created timestamptz NOT NULL DEFAULT now(),
  score double precision NOT NULL,
  rules text NOT NULL,                        -- names of the rules that matched, blanks between them
  returnpath text NOT NULL,
  sender text NOT NULL,                       -- address of From, else the return path
  fromname text NOT NULL,
  subject text NOT NULL,
  foldedfrom text NOT NULL,                   -- for searching: name and address, case-folded
  foldedsubject text NOT NULL,
  size bigint NOT NULL,                       -- of the message as it came
  recipients text[] NOT NULL,                 -- whom it was sent to
  seen boolean NOT NULL DEFAULT false,
  hidden boolean NOT NULL DEFAULT false,
  reported boolean NOT NULL DEFAULT false     -- stood in a report to the user
);
CREATE INDEX quarantine_score ON spamfilter.quarantine (score, id);
CREATE INDEX quarantine_user ON spamfilter.quarantine (usernumber, score, id);
CREATE INDEX quarantine_created ON spamfilter.quarantine (created);
CREATE INDEX quarantine_bodyid ON spamfilter.quarantine (bodyid);
CREATE INDEX quarantine_sender ON spamfilter.quarantine (lower(sender));
CREATE INDEX quarantine_returnpath ON spamfilter.quarantine (lower(returnpath));
CREATE INDEX quarantine_unreported ON spamfilter.quarantine (usernumber, id) WHERE NOT reported;
CREATE TRIGGER note_orphans AFTER DELETE ON spamfilter.quarantine REFERENCING OLD TABLE AS gone
  FOR EACH STATEMENT EXECUTE FUNCTION messages.note_orphans();

-- Notes that a report names the unreported messages of a user up to `upto`, which are `expected` many. PP002: they are
-- not, since another process has reported, or somebody released or deleted one.
CREATE FUNCTION spamfilter.mark_reported(owner integer, upto bigint, expected bigint) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  found_rows bigint;
BEGIN
  PERFORM FROM spamfilter.quarantine q WHERE q.usernumber = owner AND q.id <= upto AND NOT q.reported
    ORDER BY q.id FOR UPDATE;
  UPDATE spamfilter.quarantine q SET reported = true
   WHERE q.usernumber = owner AND q.id <= upto AND NOT q.reported;
  GET DIAGNOSTICS found_rows = ROW_COUNT;
  IF found_rows <> expected THEN
    RAISE EXCEPTION 'the quarantine has changed' USING ERRCODE = 'PP002';
  END IF;
END $$;

-- When the reports of a set time were last sent. What was quarantined before the first start of this version is none.
CREATE TABLE spamfilter.reportruns (
  only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row),
  lastrun timestamptz NOT NULL DEFAULT now()
);
INSERT INTO spamfilter.reportruns DEFAULT VALUES;
