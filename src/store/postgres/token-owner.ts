import type { Registration, RegistrationKey } from '../../domain/registration.ts'
import type { RegisterCommand } from '../store.ts'
import { tokenKey } from './registration-rows.ts'
import type { WriteContext } from './write-context.ts'

const DAY_MS = 86_400_000

const OWNER_COLUMNS = 'recipient, device, kind, first_version'
const SAME_TOKEN = `token_key = $1 AND provider = $2 AND app = $3 AND state <> 'moved'`
const OWNER = {
  text: `SELECT ${OWNER_COLUMNS} FROM registration WHERE ${SAME_TOKEN} AND NOT shared FOR UPDATE`,
}
// The same token under another device id of the same recipient.
const OWN_TWIN = {
  text: `SELECT ${OWNER_COLUMNS} FROM registration WHERE recipient = $4 AND ${SAME_TOKEN} FOR UPDATE`,
}
const COUNT_MOVES = { text: 'SELECT count(*) FROM registration_move WHERE recipient = $1 AND at > $2' }
const FORGET_MOVES = { text: 'DELETE FROM registration_move WHERE at <= $1' }
const NOTE_MOVE = { text: 'INSERT INTO registration_move (recipient, at) VALUES ($1, $2)' }
const MOVE_AWAY = {
  text: `
  UPDATE registration SET state = 'moved', state_reason = 'registered by another account',
    version = nextval('registration_version') WHERE recipient = $1 AND device = $2 AND kind = $3`,
}
const DELETE_ONE = { text: 'DELETE FROM registration WHERE recipient = $1 AND device = $2 AND kind = $3' }

export type Owner = RegistrationKey & Pick<Registration, 'firstVersion'>

/** Whoever has the token that is registered. */
export async function readOwner(
  context: WriteContext,
  { recipient, provider, app, token, isShared }: RegisterCommand,
): Promise<Owner | undefined> {
  const key = [tokenKey(token), provider, app]
  const { rows } = isShared
    ? await context.query(OWN_TWIN, [...key, recipient])
    : await context.query(OWNER, key)
  const [row] = rows
  if (row === undefined) return undefined
  const [owner, device, kind, firstVersion] = row as [string, string, Owner['kind'], number]
  return { recipient: owner, device, kind, firstVersion }
}

/** Makes way for the new owner of a token; false when that would be one move too many. */
export async function takeOver(
  context: WriteContext,
  command: RegisterCommand,
  owner: Owner,
): Promise<boolean> {
  const { recipient, device, kind } = command
  const key = [owner.recipient, owner.device, owner.kind]
  if (owner.recipient !== recipient) {
    if (!(await mayMove(context, command))) return false
    await context.query(MOVE_AWAY, key)
    context.change(owner.recipient)
  } else if (owner.device !== device || owner.kind !== kind) await context.query(DELETE_ONE, key)
  return true
}

export function isReplaced(owner: Owner, { recipient, device, kind }: RegisterCommand): boolean {
  return owner.recipient === recipient && owner.kind === kind && owner.device !== device
}

async function mayMove(
  context: WriteContext,
  { recipient, at, maxMoves }: RegisterCommand,
): Promise<boolean> {
  if (maxMoves === undefined) return true
  const { rows } = await context.query(COUNT_MOVES, [recipient, at - DAY_MS])
  if (Number(rows[0]?.[0]) >= maxMoves) return false
  await Promise.all([context.query(FORGET_MOVES, [at - DAY_MS]), context.query(NOTE_MOVE, [recipient, at])])
  return true
}
