/** `PRAGMA application_id`: tells our files from any other SQLite file ("PRLY" in ASCII). */
export const APPLICATION_ID = 0x50524c59

/**
 * Forward-only migrations, each in a transaction of its own; `PRAGMA user_version` counts those that were applied. A
 * released one is never changed.
 *
 * message is a rowid table on purpose: measured against WITHOUT ROWID it costs less per message, and appending to it
 * moves no rows between pages. Moved rows leave copies in pages that secure_delete does not clean.
 */
export const MIGRATIONS: readonly string[] = [
  `
  -- stage: 0 the first round is outstanding, 1 deliveries wait, 2 over. lease: 0 none, else the batch that took it.
  -- content is NULL as soon as no attempt can follow: text, nick, room and thread go together.
  CREATE TABLE message (
    id TEXT NOT NULL PRIMARY KEY,
    recipient TEXT NOT NULL,
    sender TEXT NOT NULL,
    type TEXT NOT NULL,
    dedupe_key TEXT,
    content TEXT,
    state TEXT NOT NULL,
    reason TEXT,
    stage INTEGER NOT NULL,
    lease INTEGER NOT NULL,
    received_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    settled_at INTEGER,
    notes TEXT,
    deliveries TEXT
  ) STRICT;
  -- Every index ends in the rowid, which is the order of acceptance; repeating the id there would double their size.
  CREATE INDEX message_by_recipient ON message (recipient);
  CREATE INDEX message_waiting ON message (recipient) WHERE stage = 1;
  CREATE INDEX message_outbox ON message (stage, lease) WHERE stage < 2;
  CREATE INDEX message_settled ON message (settled_at) WHERE settled_at IS NOT NULL;
  CREATE INDEX message_text_kept ON message (expires_at) WHERE stage = 2 AND content IS NOT NULL;
  CREATE INDEX message_by_state ON message (state) WHERE state NOT IN ('pending', 'accepted');

  -- Only what waits. A delivery that ends moves into message.deliveries.
  CREATE TABLE delivery (
    message_id TEXT NOT NULL,
    device TEXT NOT NULL,
    kind TEXT NOT NULL,
    scope TEXT NOT NULL,
    run_at INTEGER NOT NULL,
    lease INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    record TEXT NOT NULL,
    PRIMARY KEY (message_id, device, kind)
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX delivery_due ON delivery (scope, run_at, message_id) WHERE lease = 0;
  CREATE INDEX delivery_expiry ON delivery (expires_at);

  CREATE TABLE registration (
    recipient TEXT NOT NULL,
    device TEXT NOT NULL,
    kind TEXT NOT NULL,
    provider TEXT NOT NULL,
    token TEXT NOT NULL,
    app TEXT NOT NULL,
    environment TEXT NOT NULL,
    environment_source TEXT NOT NULL,
    name TEXT,
    locale TEXT,
    preview TEXT,
    registered_at INTEGER NOT NULL,
    state TEXT NOT NULL,
    state_reason TEXT,
    strikes INTEGER NOT NULL,
    last_accepted_at INTEGER,
    version INTEGER NOT NULL,
    PRIMARY KEY (recipient, device, kind)
  ) STRICT, WITHOUT ROWID;
  CREATE UNIQUE INDEX registration_owner ON registration (provider, app, token) WHERE state <> 'moved';

  CREATE TABLE registration_move (
    id INTEGER PRIMARY KEY,
    recipient TEXT NOT NULL,
    at INTEGER NOT NULL
  ) STRICT;
  CREATE INDEX registration_move_recent ON registration_move (recipient, at);
  CREATE INDEX registration_move_by_age ON registration_move (at);

  CREATE TABLE secret (name TEXT NOT NULL PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID;
  CREATE TABLE proven_scope (scope TEXT NOT NULL PRIMARY KEY) STRICT, WITHOUT ROWID;

  -- AUTOINCREMENT: a number is never given twice, also when its row is gone.
  CREATE TABLE incarnation (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    started_at INTEGER NOT NULL,
    probes INTEGER NOT NULL DEFAULT 0
  ) STRICT;
  `,
  `
  -- The version with which a registration was created: outlives every refresh, not a removal.
  ALTER TABLE registration ADD COLUMN first_version INTEGER NOT NULL DEFAULT 0;
  `,
  `
  -- Of one physical device there is one owner; other tokens, such as a person's key, several recipients may share.
  ALTER TABLE registration ADD COLUMN shared INTEGER NOT NULL DEFAULT 0;
  DROP INDEX registration_owner;
  CREATE UNIQUE INDEX registration_owner ON registration (provider, app, token) WHERE state <> 'moved' AND shared = 0;
  `,
  `
  -- Devices of the ZeroPush API. Each has its registration under recipient, which is derived from the token.
  CREATE TABLE zeropush_device (
    token TEXT NOT NULL PRIMARY KEY,
    recipient TEXT NOT NULL UNIQUE,
    badge INTEGER NOT NULL,
    marked_inactive_at INTEGER
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX zeropush_device_inactive ON zeropush_device (marked_inactive_at) WHERE marked_inactive_at IS NOT NULL;

  CREATE TABLE zeropush_channel (
    channel TEXT NOT NULL,
    token TEXT NOT NULL,
    PRIMARY KEY (channel, token)
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX zeropush_channel_by_token ON zeropush_channel (token);
  `,
  `
  -- Leases are given back at every start and stop: without it, all that waits would be read for that.
  CREATE INDEX delivery_leased ON delivery (lease) WHERE lease > 0;
  `,
]
