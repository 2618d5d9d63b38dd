import type { Registration, RegistrationKey } from '../../domain/registration.ts'
import { inheritedBy } from '../shared/inherited.ts'
import type { RegisterCommand, RegisterResult } from '../store.ts'
import { readRegistration } from './registration-rows.ts'
import { endUnbegunOf, isUnregistered } from './removal.ts'
import type { WriteContext } from './write-context.ts'

const DAY_MS = 86_400_000

const OWNER = `
  SELECT recipient, device, kind, first_version AS firstVersion FROM registration
  WHERE provider = ? AND app = ? AND token = ? AND state <> 'moved' AND shared = 0`
// The same token under another device id of the same recipient.
const OWN_TWIN = `
  SELECT recipient, device, kind, first_version AS firstVersion FROM registration
  WHERE recipient = ?4 AND provider = ?1 AND app = ?2 AND token = ?3 AND state <> 'moved'`
const COUNT_MOVES = 'SELECT count(*) AS moves FROM registration_move WHERE recipient = ? AND at > ?'
const FORGET_MOVES = 'DELETE FROM registration_move WHERE at <= ?'
const NOTE_MOVE = 'INSERT INTO registration_move (recipient, at) VALUES (?, ?)'
const MOVE_AWAY = `
  UPDATE registration SET state = 'moved', state_reason = 'registered by another account', version = ?
  WHERE recipient = ? AND device = ? AND kind = ?`
const DELETE_ONE = 'DELETE FROM registration WHERE recipient = ? AND device = ? AND kind = ?'
// An app that was installed anew has the same token under another device id: what waits goes along, and keeps its own id,
// so that a phone that has it shows it once. Bounded like what is resumed.
const TAKE_ALONG = `
  UPDATE OR IGNORE delivery SET device = ?1,
    record = json_set(record, '$.device', ?1, '$.firstVersion', CAST(?5 AS INTEGER))
  WHERE device = ?2 AND kind = ?3 AND lease = 0 AND ifnull(json_extract(record, '$.firstVersion'), ?6) = ?6
  AND message_id IN (SELECT id FROM message WHERE recipient = ?4 AND stage = 1 LIMIT 500)`
const UPSERT = `
  INSERT INTO registration (recipient, device, kind, provider, token, app, environment, environment_source,
    name, locale, preview, registered_at, state, strikes, last_accepted_at, version, first_version, shared)
  VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, 'active', 0, ?13, ?14, ?14, ?15)
  ON CONFLICT (recipient, device, kind) DO UPDATE SET
    provider = excluded.provider, token = excluded.token, app = excluded.app,
    environment = excluded.environment, environment_source = excluded.environment_source,
    name = excluded.name, locale = excluded.locale, preview = excluded.preview,
    registered_at = excluded.registered_at, state = 'active', state_reason = NULL, strikes = 0,
    last_accepted_at = excluded.last_accepted_at, version = excluded.version, shared = excluded.shared`
const DROP_OLDEST = `
  DELETE FROM registration WHERE recipient = ?1 AND (device, kind) IN (
    SELECT device, kind FROM registration WHERE recipient = ?1 AND NOT (device = ?2 AND kind = ?3)
    ORDER BY registered_at DESC, device LIMIT -1 OFFSET ?4)`
// What waits for a registration that has changed is due at once, in a scope of no lane: the dispatcher finds its new one.
// Bounded, because every accept waits behind it: what a longer queue has beyond that is due when it was.
const RESUME_WAITING = `
  UPDATE delivery SET scope = 'registration-changed', run_at = ?1 WHERE device = ?2 AND kind = ?3 AND lease = 0
  AND message_id IN (SELECT id FROM message WHERE recipient = ?4 AND stage = 1 LIMIT 500)`

type Owner = RegistrationKey & Pick<Registration, 'firstVersion'>

export function register(context: WriteContext, command: RegisterCommand): RegisterResult {
  const { recipient, device, kind } = command
  const owner = readOwner(context, command)
  const isFirst = isUnregistered(context, recipient)
  if (owner !== undefined && !takeOver(context, command, owner)) return { status: 'too-many-moves' }
  if (isFirst) endUnbegunOf(context, recipient, command.at)
  const existing = readRegistration(context.sql, command)
  upsert(context, command, existing)
  context.sql(DROP_OLDEST).run(recipient, device, kind, Math.max(0, command.maxDevices - 1))
  const registration = readRegistration(context.sql, command)
  if (registration === undefined) throw new Error('a registration vanished in its own transaction')
  if (owner !== undefined && isReplaced(owner, command)) {
    const { firstVersion } = registration
    context.sql(TAKE_ALONG).run(device, owner.device, kind, recipient, firstVersion, owner.firstVersion)
  }
  if (!isSameAddress(existing, registration)) {
    context.sql(RESUME_WAITING).run(command.at, device, kind, recipient)
  }
  return { status: existing === undefined ? 'created' : 'refreshed', registration }
}

/** Makes way for the new owner of a token; false when that would be one move too many. */
function takeOver(context: WriteContext, command: RegisterCommand, owner: RegistrationKey): boolean {
  const { recipient, device, kind } = command
  if (owner.recipient !== recipient) {
    if (!mayMove(context, command)) return false
    context.sql(MOVE_AWAY).run(context.change(owner.recipient), owner.recipient, owner.device, owner.kind)
  } else if (owner.device !== device || owner.kind !== kind) {
    context.sql(DELETE_ONE).run(recipient, owner.device, owner.kind)
  }
  return true
}

function isReplaced(owner: RegistrationKey, { recipient, device, kind }: RegisterCommand): boolean {
  return owner.recipient === recipient && owner.kind === kind && owner.device !== device
}

function isSameAddress(former: Registration | undefined, registration: Registration): boolean {
  const address = ({ provider, token, app, environment }: Registration) =>
    [provider, token, app, environment].join('\n')
  return former?.state === 'active' && address(former) === address(registration)
}

function readOwner(context: WriteContext, command: RegisterCommand): Owner | undefined {
  const { recipient, provider, app, token, isShared } = command
  const row = isShared
    ? context.sql(OWN_TWIN).get(provider, app, token, recipient)
    : context.sql(OWNER).get(provider, app, token)
  return row as unknown as Owner | undefined
}

function mayMove(context: WriteContext, { recipient, at, maxMoves }: RegisterCommand): boolean {
  if (maxMoves === undefined) return true
  const row = context.sql(COUNT_MOVES).get(recipient, at - DAY_MS)
  if (Number(row?.moves) >= maxMoves) return false
  context.sql(FORGET_MOVES).run(at - DAY_MS)
  context.sql(NOTE_MOVE).run(recipient, at)
  return true
}

function upsert(context: WriteContext, command: RegisterCommand, existing: Registration | undefined): void {
  const inherited = inheritedBy(command, existing)
  context
    .sql(UPSERT)
    .run(
      command.recipient,
      command.device,
      command.kind,
      command.provider,
      command.token,
      command.app,
      inherited.environment,
      inherited.environmentSource,
      command.name ?? null,
      command.locale ?? null,
      command.preview ?? null,
      command.at,
      inherited.lastAcceptedAt ?? null,
      context.change(command.recipient),
      command.isShared ? 1 : 0,
    )
}
