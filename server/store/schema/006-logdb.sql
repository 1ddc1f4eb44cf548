-- The historical log (spec 30 section 9, 60 section 17.3): names and meanings are the original's, because reports are
-- made from them by SQL; times are UTC without a zone. Rows are written late and in batches, a session's when it has
-- ended, so nothing refers to anything by a constraint. logdb.attachments' columns and messages.traceid are ours.

CREATE SCHEMA IF NOT EXISTS logdb;

CREATE TABLE logdb.sessions (
  sessid bigserial PRIMARY KEY,
  datetime timestamp NOT NULL,                -- its start
  duration integer NOT NULL DEFAULT 0,        -- seconds
  sesstype char(1) NOT NULL,                  -- C, F, M: sending; S, L: SMTP server; O: POP3 server; P: POP3 client
  errorcode text NOT NULL DEFAULT '',
  name text NOT NULL DEFAULT ''               -- client, user or server
);

CREATE TABLE logdb.messages (
  msgid bigserial PRIMARY KEY,
  sessid bigint NOT NULL DEFAULT 0,           -- 0: no session
  subject text NOT NULL DEFAULT '',
  fromaddr text NOT NULL DEFAULT '',
  authsender text NOT NULL DEFAULT '',
  size bigint NOT NULL DEFAULT 0,             -- octets
  datetime timestamp NOT NULL,
  spam boolean NOT NULL DEFAULT false,
  triggeredrule text NOT NULL DEFAULT '',
  errorcode text NOT NULL DEFAULT '',
  processtime double precision NOT NULL DEFAULT 0,  -- seconds
  traceid text NOT NULL DEFAULT ''            -- pennypost.trace
);

CREATE TABLE logdb.recipients (
  rcptid bigserial PRIMARY KEY,
  msgid bigint NOT NULL,
  name text NOT NULL,
  rcpttype char(1) NOT NULL,                  -- N: here, R: elsewhere, I: unknown, F: LAN, S: of a message being sent
  result text NOT NULL DEFAULT ''
);

CREATE TABLE logdb.spamrules (
  spamruleid bigserial PRIMARY KEY,
  msgid bigint NOT NULL,
  name text NOT NULL,
  testpattern text NOT NULL DEFAULT '',
  testmatch text NOT NULL DEFAULT '',
  score double precision NOT NULL DEFAULT 0   -- after the weight
);

CREATE TABLE logdb.attachments (
  attachid bigserial PRIMARY KEY,
  msgid bigint NOT NULL,
  name text NOT NULL DEFAULT '',
  contenttype text NOT NULL DEFAULT '',
  size bigint NOT NULL DEFAULT 0              -- octets as they stand in the message
);

-- Rows come in the order of their times, give or take a minute: a block range index finds a day, and costs nothing.
CREATE INDEX sessions_datetime ON logdb.sessions USING brin (datetime) WITH (pages_per_range = 32);
CREATE INDEX messages_datetime ON logdb.messages USING brin (datetime) WITH (pages_per_range = 32);
CREATE INDEX messages_sessid ON logdb.messages (sessid) WHERE sessid <> 0;
CREATE INDEX recipients_msgid ON logdb.recipients (msgid);
CREATE INDEX spamrules_msgid ON logdb.spamrules (msgid);
CREATE INDEX attachments_msgid ON logdb.attachments (msgid);
