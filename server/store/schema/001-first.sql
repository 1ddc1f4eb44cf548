-- Accounts, local mail, settings, trace, message store (spec 30 sections 5.1, 6, 15). Documented names are the original's
-- (users.users, messages.outgoing); the rest is ours. The out queue stands in ensure-outqueue.sql.

CREATE SCHEMA IF NOT EXISTS users;
CREATE SCHEMA IF NOT EXISTS messages;

-- ---- news: every process listens on one channel; payload "word" or "word number number"
CREATE FUNCTION pennypost.tell() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM pg_notify('pennypost', TG_ARGV[0]);
  RETURN NULL;
END $$;

-- ---- accounts
CREATE TABLE users.users (
  usernumber serial PRIMARY KEY,              -- 0 is no user; never given again
  username text NOT NULL,
  comments text NOT NULL DEFAULT '',
  isadmin boolean NOT NULL DEFAULT false,
  isenabled boolean NOT NULL DEFAULT true,
  passargon2id text NOT NULL DEFAULT '',
  scramsalt bytea NOT NULL DEFAULT '',
  scramiterations integer NOT NULL DEFAULT 0,
  scramstoredkey bytea NOT NULL DEFAULT '',
  scramserverkey bytea NOT NULL DEFAULT '',
  passrecoverable bytea NOT NULL DEFAULT '',  -- encrypted with the key file, which is not in the database
  created timestamptz NOT NULL DEFAULT now(),
  lastlogin timestamptz
);
CREATE UNIQUE INDEX users_username ON users.users (lower(username));

CREATE TABLE users.addresses (
  address text NOT NULL,                      -- local@domain, name, or ~@domain
  usernumber integer NOT NULL REFERENCES users.users ON DELETE CASCADE
);
CREATE UNIQUE INDEX addresses_address ON users.addresses (lower(address), usernumber);
CREATE INDEX addresses_usernumber ON users.addresses (usernumber);

CREATE TABLE pennypost.domains (
  domain text PRIMARY KEY CHECK (domain = lower(domain)),
  position serial NOT NULL                    -- the first one is the default domain where none is set
);

CREATE TABLE pennypost.settings (
  name text NOT NULL,
  value text NOT NULL,
  changed timestamptz NOT NULL DEFAULT now()
);
CREATE UNIQUE INDEX settings_name ON pennypost.settings (lower(name));

CREATE TRIGGER tell AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON pennypost.settings
  FOR EACH STATEMENT EXECUTE FUNCTION pennypost.tell('settings');
CREATE TRIGGER tell AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON pennypost.domains
  FOR EACH STATEMENT EXECUTE FUNCTION pennypost.tell('directory');
CREATE TRIGGER tell AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON users.addresses
  FOR EACH STATEMENT EXECUTE FUNCTION pennypost.tell('directory');
CREATE TRIGGER tell AFTER INSERT OR UPDATE OF username OR DELETE OR TRUNCATE ON users.users
  FOR EACH STATEMENT EXECUTE FUNCTION pennypost.tell('directory');

-- ---- trace: a row a message and event, its lines as arrays of one length; people read the view
CREATE TABLE pennypost.trace (
  at timestamptz NOT NULL DEFAULT now(),
  traceid text NOT NULL,
  messageid text NOT NULL,                    -- without angle brackets
  times timestamptz[] NOT NULL,
  stages text[] NOT NULL,
  verdicts text[] NOT NULL,
  reasons text[] NOT NULL
);
CREATE INDEX trace_traceid ON pennypost.trace (traceid);
CREATE INDEX trace_messageid ON pennypost.trace (messageid) WHERE messageid <> '';
CREATE INDEX trace_at ON pennypost.trace USING brin (at);
CREATE VIEW pennypost.tracelines AS
  SELECT t.traceid, t.messageid, l.at, l.stage, l.verdict, l.reason
    FROM pennypost.trace t, unnest(t.times, t.stages, t.verdicts, t.reasons) AS l(at, stage, verdict, reason);

-- ---- folders. Lock order: folder rows first, ascending by folderid; then everything else.
CREATE SEQUENCE messages.uidvalidity START 1700000000 MAXVALUE 4294967295;
CREATE TABLE messages.folders (
  folderid bigserial PRIMARY KEY,
  usernumber integer NOT NULL REFERENCES users.users,
  name text NOT NULL,                         -- modified UTF-7, levels separated by /
  uidvalidity bigint NOT NULL DEFAULT nextval('messages.uidvalidity'),
  uidnext bigint NOT NULL DEFAULT 1,
  modseq bigint NOT NULL DEFAULT 1,
  firstrecent bigint NOT NULL DEFAULT 1,
  specialuse smallint NOT NULL DEFAULT 0,
  count bigint NOT NULL DEFAULT 0,            -- these three without held messages
  unread bigint NOT NULL DEFAULT 0,
  size bigint NOT NULL DEFAULT 0,
  created timestamptz NOT NULL DEFAULT now()
) WITH (fillfactor = 50);
CREATE UNIQUE INDEX folders_name ON messages.folders (usernumber, name);

CREATE TABLE messages.subscriptions (
  usernumber integer NOT NULL REFERENCES users.users ON DELETE CASCADE,
  name text NOT NULL,
  PRIMARY KEY (usernumber, name)
);

-- Locks the rows of these folders (each named once) in the one order that all use. P0002: one is gone. PP001: one has
-- no room for more UIDs.
CREATE FUNCTION messages.lock_folders(ids bigint[])
RETURNS TABLE (folderid bigint, uidvalidity bigint, uidnext bigint, modseq bigint) LANGUAGE plpgsql AS $$
DECLARE
  found_rows integer;
BEGIN
  PERFORM FROM messages.folders f WHERE f.folderid = ANY (ids) AND f.uidnext > 4294900000;
  IF FOUND THEN
    RAISE EXCEPTION 'a folder has no UIDs left' USING ERRCODE = 'PP001';
  END IF;
  RETURN QUERY SELECT f.folderid, f.uidvalidity, f.uidnext, f.modseq FROM messages.folders f
                WHERE f.folderid = ANY (ids) ORDER BY f.folderid FOR UPDATE;
  GET DIAGNOSTICS found_rows = ROW_COUNT;
  IF found_rows <> cardinality(ids) THEN
    RAISE EXCEPTION 'a folder is gone' USING ERRCODE = 'P0002';
  END IF;
END $$;

-- ---- bodies: stored once however many folders hold them
CREATE TABLE messages.bodies (
  bodyid bigserial PRIMARY KEY,
  size bigint NOT NULL,
  headersize bigint NOT NULL,
  envelope bytea NOT NULL,                    -- as FETCH sends it
  bodystructure bytea NOT NULL,
  parts bytea NOT NULL,
  subject text NOT NULL,
  basesubject text NOT NULL,
  fromname text NOT NULL,
  fromaddr text NOT NULL,
  tolist text NOT NULL,
  replyto text NOT NULL,
  messageid text NOT NULL,
  inreplyto text NOT NULL,
  refs text NOT NULL,
  messagetime timestamptz,
  attachments boolean NOT NULL,
  searchtext text                             -- null: not made
);

CREATE TABLE messages.chunks (
  bodyid bigint NOT NULL,
  chunkno integer NOT NULL,
  data bytea NOT NULL,
  PRIMARY KEY (bodyid, chunkno)
);

-- Bodies that have lost a reference and may have none left; the sweep looks.
CREATE TABLE messages.orphans (bodyid bigint NOT NULL);

-- Holds bodies against the sweep until the commit, for a new reference to an old body. P0002: one is gone.
CREATE FUNCTION messages.keep_bodies(ids bigint[]) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  found_rows integer;
BEGIN
  PERFORM FROM messages.bodies b WHERE b.bodyid = ANY (ids) ORDER BY b.bodyid FOR KEY SHARE;
  GET DIAGNOSTICS found_rows = ROW_COUNT;
  IF found_rows <> cardinality(ids) THEN
    RAISE EXCEPTION 'a body is gone' USING ERRCODE = 'P0002';
  END IF;
END $$;

-- ---- messages
CREATE TABLE messages.messages (
  folderid bigint NOT NULL,
  uid bigint NOT NULL,
  bodyid bigint NOT NULL,
  modseq bigint NOT NULL,
  internaldate timestamptz NOT NULL,
  savedate timestamptz NOT NULL DEFAULT now(),
  size bigint NOT NULL,                       -- prefix and body
  flags smallint NOT NULL DEFAULT 0,          -- 1 seen, 2 answered, 4 flagged, 8 deleted, 16 draft
  hold boolean NOT NULL DEFAULT false,
  spam real NOT NULL DEFAULT 0,
  keywords text[],                            -- null: none
  uidl text,                                  -- null: made of UIDVALIDITY and UID
  prefix bytea,                               -- header lines of this copy only; null: none
  PRIMARY KEY (folderid, uid)
) WITH (fillfactor = 90);
CREATE INDEX messages_bodyid ON messages.messages (bodyid);

CREATE TABLE messages.expunged (
  folderid bigint NOT NULL,
  modseq bigint NOT NULL,
  uid bigint NOT NULL,
  at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (folderid, modseq, uid)
);

CREATE FUNCTION messages.note_orphans() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO messages.orphans SELECT DISTINCT bodyid FROM gone WHERE bodyid IS NOT NULL;
  RETURN NULL;
END $$;
CREATE TRIGGER note_orphans AFTER DELETE ON messages.messages REFERENCING OLD TABLE AS gone
  FOR EACH STATEMENT EXECUTE FUNCTION messages.note_orphans();

-- The LAN forwarding queue (spec 30 section 7.4); due rows are those with nexttry <= now().
CREATE TABLE messages.outgoing (
  id bigserial PRIMARY KEY,
  bodyid bigint,
  prefix bytea,
  server text NOT NULL DEFAULT '',
  returnpath text NOT NULL DEFAULT '',
  addr text NOT NULL DEFAULT '',
  created timestamptz NOT NULL DEFAULT now(),
  nexttry timestamptz NOT NULL DEFAULT now(),
  numsends integer NOT NULL DEFAULT 0,
  latesterror text NOT NULL DEFAULT ''
);
CREATE INDEX outgoing_nexttry ON messages.outgoing (nexttry);
CREATE INDEX outgoing_bodyid ON messages.outgoing (bodyid);
CREATE TRIGGER note_orphans AFTER DELETE ON messages.outgoing REFERENCING OLD TABLE AS gone
  FOR EACH STATEMENT EXECUTE FUNCTION messages.note_orphans();
