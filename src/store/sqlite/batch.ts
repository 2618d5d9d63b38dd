import type { DatabaseSync } from 'node:sqlite'
import type {
  OperationKind,
  OperationOf,
  OperationResult,
  WriteOperation,
  WriteResults,
} from '../shared/operations.ts'
import { accept } from './accept.ts'
import { claimDeliveries, claimMessages, releaseLeases } from './claims.ts'
import { toFailure } from './failure.ts'
import type { BatchReply, ReceiptRow } from './operations.ts'
import { register } from './register.ts'
import { endOrphans, removeDevice, removeRecipient } from './removal.ts'
import { settleFirst, settleLater } from './settle.ts'
import { expire, purge, requeue } from './upkeep.ts'
import type { WriteContext } from './write-context.ts'
import { changeBadge } from './zeropush/badges.ts'
import { changeChannels, clearChannel } from './zeropush/channels.ts'
import { registerZeropush, removeZeropush } from './zeropush/devices.ts'

type Handlers = {
  [K in OperationKind]: (context: WriteContext, operation: OperationOf<K>) => WriteResults<ReceiptRow>[K]
}

const HANDLERS: Handlers = {
  accept: (context, { entries }) => accept(context, entries),
  settleFirst: (context, { round }) => settleFirst(context, round),
  settleLater: (context, { settlement }) => settleLater(context, settlement),
  claimMessages: (context, { limit }) => claimMessages(context, limit),
  claimDeliveries,
  releaseLeases,
  expire,
  purge,
  requeue,
  register: (context, { command }) => register(context, command),
  removeDevice,
  removeRecipient,
  endOrphans,
  zeropushRegister: registerZeropush,
  zeropushRemove: removeZeropush,
  zeropushBadge: changeBadge,
  zeropushChannels: changeChannels,
  zeropushClear: clearChannel,
  replaceSecret: (context, { name, former, value }) => {
    const { changes } =
      former === undefined
        ? context.sql('INSERT OR IGNORE INTO secret (name, value) VALUES (?, ?)').run(name, value)
        : context.sql('UPDATE secret SET value = ? WHERE name = ? AND value = ?').run(value, name, former)
    return changes === 1
  },
  markProven: (context, { scope }) => {
    context.sql('INSERT OR IGNORE INTO proven_scope VALUES (?)').run(scope)
    return undefined
  },
  // A write that changes a page, however little: shows whether a commit would succeed.
  probe: context => {
    context.sql('UPDATE incarnation SET probes = probes + 1 WHERE id = ?').run(context.incarnation)
    return undefined
  },
}

/**
 * Runs operations in order in one transaction. Throws when the file cannot be written: then nothing was changed. When an
 * operation fails for another reason, all are run once more, each in a savepoint, so that it spoils no other.
 */
export function runBatch(
  db: DatabaseSync,
  context: WriteContext,
  operations: readonly WriteOperation[],
): BatchReply {
  context.beginBatch()
  try {
    return inTransaction(db, context, () =>
      operations.map(operation => ({ ok: true, value: apply(context, operation) })),
    )
  } catch (error) {
    if (toFailure(error).reason !== undefined) throw error
    return inTransaction(db, context, () => operations.map(operation => applyApart(db, context, operation)))
  }
}

function apply<K extends OperationKind>(
  context: WriteContext,
  operation: OperationOf<K>,
): WriteResults<ReceiptRow>[K] {
  const handler = HANDLERS[operation.kind as K]
  return handler(context, operation)
}

function inTransaction(db: DatabaseSync, context: WriteContext, run: () => OperationResult[]): BatchReply {
  const savepoint = context.dedupe.savepoint()
  try {
    db.exec('BEGIN IMMEDIATE')
    const results = run()
    db.exec('COMMIT')
    context.dedupe.commit()
    return { results, changes: context.takeChanges(), lease: context.lease }
  } catch (error) {
    context.dedupe.rollback(savepoint)
    context.takeChanges()
    context.registrations.clear()
    if (db.isTransaction) db.exec('ROLLBACK')
    throw error
  }
}

function applyApart(db: DatabaseSync, context: WriteContext, operation: WriteOperation): OperationResult {
  const savepoint = context.dedupe.savepoint()
  db.exec('SAVEPOINT operation')
  try {
    const value = apply(context, operation)
    db.exec('RELEASE operation')
    return { ok: true, value }
  } catch (error) {
    const failure = toFailure(error)
    if (failure.reason !== undefined) throw error
    context.dedupe.rollback(savepoint)
    context.registrations.clear()
    db.exec('ROLLBACK TO operation; RELEASE operation')
    return { ok: false, failure }
  }
}
