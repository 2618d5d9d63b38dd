/** Where all tables are: an operator may let the relay share a database, for instance with ejabberd. */
export const SCHEMA = 'push_relay'

/**
 * Forward-only migrations, each in a transaction of its own. A released one is never changed. Nodes of the release before
 * may still run while one is applied: it must not take away what they use.
 *
 * A message is in one of two tables. outbox has what is pending, and stays as small as that. trace has what is over, is only
 * appended to, and is partitioned by the time of settling, so that purging is dropping a table. Settling moves a message from
 * one to the other, which in PostgreSQL costs about as much as changing it where it is: there, a change is a new row as well.
 *
 * Instants are ms since 1970, by the clock of the nodes, who take over the database's when theirs is off. What decides whether a
 * lease is valid is compared by the database alone, with its own clock: node.
 */
export const MIGRATIONS: readonly string[] = [
  `
  -- One row per incarnation of a node, not per message: its leases are valid as long as its heartbeat goes on.
  -- fence: batches with a lower number are refused; see fence.ts.
  CREATE TABLE node (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    started_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    heartbeat_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    fence bigint NOT NULL DEFAULT 0,
    voided_at timestamptz
  ) WITH (fillfactor = 20);

  -- Every batch begins with it: until it ends, nobody can raise the fence or remove the row. SQLSTATE PR001: void.
  CREATE FUNCTION hold_incarnation(incarnation bigint, batch bigint) RETURNS void LANGUAGE plpgsql AS $$
  BEGIN
    PERFORM FROM node WHERE id = incarnation AND voided_at IS NULL AND fence <= batch FOR KEY SHARE;
    IF NOT FOUND THEN RAISE EXCEPTION 'the incarnation is void' USING ERRCODE = 'PR001'; END IF;
  END $$;

  -- stage: 0 the first round is outstanding, 1 deliveries wait. lease: 0 none, else incarnation and batch that took it.
  -- account: of the recipient's registrations; see registration. A message is not for an account that came later.
  CREATE TABLE outbox (
    id uuid NOT NULL PRIMARY KEY,
    lease bigint NOT NULL,
    account bigint NOT NULL,
    received_at bigint NOT NULL,
    expires_at bigint NOT NULL,
    stage smallint NOT NULL,
    recipient text COLLATE "C" NOT NULL,
    sender text COLLATE "C" NOT NULL,
    type text COLLATE "C" NOT NULL,
    reason text COLLATE "C",
    notes text COLLATE "C",
    deliveries text COLLATE "C",
    content text COLLATE "C" NOT NULL
  );
  CREATE INDEX outbox_unbegun ON outbox (lease, id) WHERE stage = 0;
  -- Not the id itself: while the table is small, the planner would as soon look for ids in here, and still do when it is large.
  CREATE INDEX outbox_by_recipient ON outbox (recipient, uuid_send(id));

  -- content: only where a dead delivery may be revived.
  CREATE TABLE trace (
    id uuid NOT NULL,
    settled_at bigint NOT NULL,
    received_at bigint NOT NULL,
    expires_at bigint NOT NULL,
    recipient text COLLATE "C" NOT NULL,
    sender text COLLATE "C" NOT NULL,
    type text COLLATE "C" NOT NULL,
    state text COLLATE "C" NOT NULL,
    reason text COLLATE "C",
    notes text COLLATE "C",
    deliveries text COLLATE "C",
    content text COLLATE "C"
  ) PARTITION BY RANGE (settled_at);
  CREATE INDEX trace_by_id ON trace (id);
  CREATE INDEX trace_by_recipient ON trace (recipient, id);
  CREATE INDEX trace_by_state ON trace (state, id) WHERE state <> 'accepted';
  CREATE INDEX trace_text_expiry ON trace (expires_at) WHERE content IS NOT NULL;
  CREATE INDEX trace_text_owner ON trace (recipient) WHERE content IS NOT NULL;

  -- Only what waits. A delivery that ends moves into the message's deliveries.
  CREATE TABLE delivery (
    message_id uuid NOT NULL,
    lease bigint NOT NULL,
    run_at bigint NOT NULL,
    expires_at bigint NOT NULL,
    device text COLLATE "C" NOT NULL,
    kind text COLLATE "C" NOT NULL,
    scope text COLLATE "C" NOT NULL,
    record text COLLATE "C" NOT NULL,
    PRIMARY KEY (message_id, device, kind)
  );
  CREATE INDEX delivery_due ON delivery (scope, run_at, message_id) WHERE lease = 0;
  CREATE INDEX delivery_leased ON delivery (lease) WHERE lease <> 0;
  CREATE INDEX delivery_expiry ON delivery (expires_at) WHERE lease = 0;

  -- What a message said before is known by its key, for as long as the window is. message_id: of the first.
  CREATE TABLE duplicate (
    key uuid NOT NULL PRIMARY KEY,
    message_id uuid NOT NULL,
    at bigint NOT NULL
  );
  CREATE INDEX duplicate_by_age ON duplicate (at);

  -- Versions are never used twice, not even after a removal. account: the version of the first registration since the
  -- recipient had none; all that were added while there was one have it. token_key: a digest, since a token may be too long
  -- for an index.
  CREATE SEQUENCE registration_version;
  CREATE TABLE registration (
    registered_at bigint NOT NULL,
    last_accepted_at bigint,
    version bigint NOT NULL,
    first_version bigint NOT NULL,
    account bigint NOT NULL,
    token_key uuid NOT NULL,
    strikes integer NOT NULL,
    shared boolean NOT NULL,
    recipient text COLLATE "C" NOT NULL,
    device text COLLATE "C" NOT NULL,
    kind text COLLATE "C" NOT NULL,
    provider text COLLATE "C" NOT NULL,
    token text COLLATE "C" NOT NULL,
    app text COLLATE "C" NOT NULL,
    environment text COLLATE "C" NOT NULL,
    environment_source text COLLATE "C" NOT NULL,
    state text COLLATE "C" NOT NULL,
    state_reason text COLLATE "C",
    name text COLLATE "C",
    locale text COLLATE "C",
    preview text COLLATE "C",
    PRIMARY KEY (recipient, device, kind)
  ) WITH (fillfactor = 80);
  -- Of one physical device there is one owner.
  CREATE UNIQUE INDEX registration_owner ON registration (token_key, provider, app)
    WHERE state <> 'moved' AND NOT shared;

  CREATE TABLE registration_move (recipient text COLLATE "C" NOT NULL, at bigint NOT NULL);
  CREATE INDEX registration_move_recent ON registration_move (recipient, at);
  CREATE INDEX registration_move_by_age ON registration_move (at);

  CREATE TABLE secret (name text COLLATE "C" NOT NULL PRIMARY KEY, value text NOT NULL);
  CREATE TABLE proven_scope (scope text COLLATE "C" NOT NULL PRIMARY KEY);

  -- Written and emptied while the database could not be written: a full disk has no room for it.
  CREATE TABLE probe (filler bytea NOT NULL);
  ALTER TABLE probe ALTER COLUMN filler SET STORAGE EXTERNAL;

  -- Devices of the ZeroPush API. Each has its registration under recipient, which is derived from the token.
  CREATE TABLE zeropush_device (
    token text COLLATE "C" NOT NULL PRIMARY KEY,
    recipient text COLLATE "C" NOT NULL UNIQUE,
    badge integer NOT NULL,
    marked_inactive_at bigint
  ) WITH (fillfactor = 80);
  CREATE INDEX zeropush_device_inactive ON zeropush_device (marked_inactive_at) WHERE marked_inactive_at IS NOT NULL;
  CREATE TABLE zeropush_channel (
    channel text COLLATE "C" NOT NULL,
    token text COLLATE "C" NOT NULL,
    PRIMARY KEY (channel, token)
  );
  CREATE INDEX zeropush_channel_by_token ON zeropush_channel (token);

  -- What is deleted as fast as it is inserted: cleaned after so many rows, not after a share of the table. Cutting the file's
  -- end would stop everybody for a moment, and it grows again at once.
  ALTER TABLE outbox SET (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 20000,
    autovacuum_vacuum_cost_delay = 0, vacuum_truncate = false);
  ALTER TABLE delivery SET (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 20000,
    autovacuum_vacuum_cost_delay = 0, vacuum_truncate = false);
  ALTER TABLE duplicate SET (autovacuum_vacuum_scale_factor = 0.05, autovacuum_vacuum_cost_delay = 0,
    vacuum_truncate = false);
  `,
  `
  -- From where all was moved, or is being moved: until that is finished, no node may begin with a part of it.
  CREATE TABLE moved_from (
    source text NOT NULL PRIMARY KEY,
    recent_since bigint NOT NULL,
    positions text NOT NULL,
    started_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    finished_at timestamptz
  );
  `,
]
