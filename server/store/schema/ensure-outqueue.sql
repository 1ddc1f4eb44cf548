-- The out queue (spec 30 sections 7.1-7.3). Run at every start: `DROP SCHEMA outqueue CASCADE` with the server stopped is
-- the published way to empty it, so what is missing is made again. Later columns are added here with IF NOT EXISTS.

DO $$
BEGIN
  IF to_regclass('outqueue.outmessages') IS NULL THEN
    INSERT INTO messages.orphans SELECT b.bodyid FROM messages.bodies b
      WHERE NOT EXISTS (SELECT FROM messages.messages m WHERE m.bodyid = b.bodyid);
  END IF;
END $$;

CREATE SCHEMA IF NOT EXISTS outqueue;

CREATE TABLE IF NOT EXISTS outqueue.outmessages (
  msgid bigserial PRIMARY KEY,
  senderip text NOT NULL DEFAULT 'unknown',
  authsender text NOT NULL DEFAULT '',
  returnpath text NOT NULL DEFAULT '',        -- empty: null sender
  subject text NOT NULL DEFAULT '',
  created timestamptz NOT NULL DEFAULT now(),
  finishedtime timestamptz,                   -- null while something is still to be sent
  hold smallint NOT NULL DEFAULT 0,           -- 0 not held, 1 held, 2 held until helduntil
  helduntil timestamptz,
  priority integer NOT NULL DEFAULT 100,      -- smaller goes first
  size bigint NOT NULL DEFAULT 0,
  bodyid bigint,
  prefix bytea,
  envid text NOT NULL DEFAULT '',             -- DSN (RFC 3461)
  ret smallint NOT NULL DEFAULT 0,            -- 0 not given, 1 FULL, 2 HDRS
  is8bit boolean NOT NULL DEFAULT false,
  isutf8 boolean NOT NULL DEFAULT false,
  traceid text NOT NULL DEFAULT ''
);
CREATE INDEX IF NOT EXISTS outmessages_unfinished ON outqueue.outmessages (priority, msgid) WHERE finishedtime IS NULL;
CREATE INDEX IF NOT EXISTS outmessages_finished ON outqueue.outmessages (finishedtime) WHERE finishedtime IS NOT NULL;
CREATE INDEX IF NOT EXISTS outmessages_bodyid ON outqueue.outmessages (bodyid);
ALTER TABLE outqueue.outmessages CLUSTER ON outmessages_pkey;

CREATE TABLE IF NOT EXISTS outqueue.outrecipients (
  id bigserial PRIMARY KEY,
  msgid bigint NOT NULL REFERENCES outqueue.outmessages ON DELETE CASCADE,
  addr text NOT NULL,
  busy boolean NOT NULL DEFAULT false,
  busyowner integer NOT NULL DEFAULT 0,       -- process number (advisory lock of class 0x504E5950) that is sending
  latestsend timestamptz,
  latestsendserver text NOT NULL DEFAULT '',
  latesterror text NOT NULL DEFAULT '',
  lateststatus text NOT NULL DEFAULT '',      -- enhanced code of the answer
  numsends integer NOT NULL DEFAULT 0,
  nexttry timestamptz NOT NULL DEFAULT now(),
  forceretry boolean NOT NULL DEFAULT false,
  forcelasttry boolean NOT NULL DEFAULT false,
  warningsent boolean NOT NULL DEFAULT false,
  failedtime timestamptz,
  succeededtime timestamptz,
  notify text NOT NULL DEFAULT '',            -- DSN NOTIFY
  orcpt text NOT NULL DEFAULT ''              -- DSN ORCPT
);
CREATE INDEX IF NOT EXISTS outrecipients_msgid ON outqueue.outrecipients (msgid);
CREATE INDEX IF NOT EXISTS outrecipients_due ON outqueue.outrecipients (nexttry)
  WHERE failedtime IS NULL AND succeededtime IS NULL;
ALTER TABLE outqueue.outrecipients CLUSTER ON outrecipients_msgid;

CREATE TABLE IF NOT EXISTS outqueue.sendattempts (
  id bigserial PRIMARY KEY,
  msgid bigint NOT NULL,                      -- no reference: attempts are statistics and outlive their message
  recipientid bigint NOT NULL,
  addr text NOT NULL,
  server text NOT NULL,
  starttime timestamptz NOT NULL,
  endtime timestamptz NOT NULL DEFAULT now(),
  result text NOT NULL
);
CREATE INDEX IF NOT EXISTS sendattempts_server ON outqueue.sendattempts (server, starttime);
CREATE INDEX IF NOT EXISTS sendattempts_starttime ON outqueue.sendattempts USING brin (starttime);

DROP TRIGGER IF EXISTS note_orphans ON outqueue.outmessages;
CREATE TRIGGER note_orphans AFTER DELETE ON outqueue.outmessages REFERENCING OLD TABLE AS gone
  FOR EACH STATEMENT EXECUTE FUNCTION messages.note_orphans();
