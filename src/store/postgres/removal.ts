import type { DeliveryRecord } from '../../domain/delivery.ts'
import type { Registration } from '../../domain/registration.ts'
import { isNamed } from '../shared/found-registration.ts'
import type { Position, RemovalStep } from '../shared/removal-step.ts'
import type { SettledMessage } from '../store.ts'
import { endUnbegun, REMOVED } from './finish-unbegun.ts'
import { lockRecipient } from './locks.ts'
import { columnsOf, endWaiting, lockMessages, type OpenMessage } from './open-messages.ts'
import { readRegistrations } from './registration-rows.ts'
import { saveMessages } from './save-messages.ts'
import { clean } from './text.ts'
import type { WriteContext } from './write-context.ts'

const DELETE_DEVICE = { text: 'DELETE FROM registration WHERE recipient = $1 AND device = $2' }
const DELETE_RECIPIENT = { text: 'DELETE FROM registration WHERE recipient = $1' }

/** Messages per commit: an accept never waits behind a long queue of a removed account. */
const STEP = 500
const FIRST = '00000000-0000-0000-0000-000000000000'
const NEXT = {
  text: `
  SELECT id FROM outbox WHERE recipient = $1 AND uuid_send(id) > uuid_send($2::uuid)
  ORDER BY recipient, uuid_send(id) LIMIT ${STEP}`,
}

const TEXTS = {
  text: `
  SELECT id, settled_at, deliveries FROM trace WHERE recipient = $1 AND content IS NOT NULL
  ORDER BY id, settled_at FOR UPDATE`,
}
const ERASE = {
  text: `
  UPDATE trace t SET content = NULL FROM unnest($1::uuid[], $2::bigint[]) AS e(id, settled_at)
  WHERE t.id = ANY ($1) AND t.settled_at = ANY ($2) AND t.id = e.id AND t.settled_at = e.settled_at`,
}

export async function removeDevice(
  context: WriteContext,
  input: { recipient: string; device: string; at: number },
): Promise<RemovalStep> {
  const { recipient, at } = { ...input, recipient: clean(input.recipient) }
  await lockRecipient(context, recipient)
  const { count } = await context.query(DELETE_DEVICE, [recipient, clean(input.device)])
  if (count === 0) return { removed: 0, settled: [] }
  context.change(recipient)
  return { ...(await endFirstOrphans(context, recipient, at)), removed: count }
}

// Also when there is no registration: what an earlier call could not end any more is ended now.
export async function removeRecipient(
  context: WriteContext,
  input: { recipient: string; at: number },
): Promise<RemovalStep> {
  const recipient = clean(input.recipient)
  await lockRecipient(context, recipient)
  const { count } = await context.query(DELETE_RECIPIENT, [recipient])
  if (count > 0) context.change(recipient)
  return { ...(await endFirstOrphans(context, recipient, input.at)), removed: count }
}

async function endFirstOrphans(context: WriteContext, recipient: string, at: number): Promise<RemovalStep> {
  const step = await endOrphans(context, { recipient, after: FIRST, at })
  await eraseTexts(context, recipient)
  return step
}

/** Ends what waits for registrations that are gone, in the next messages of a recipient. */
export async function endOrphans(
  context: WriteContext,
  input: { recipient: string; after: Position; at: number },
): Promise<RemovalStep> {
  const { at, after } = input
  const recipient = clean(input.recipient)
  const { rows } = await context.query(NEXT, [recipient, after])
  const ids = rows.map(([id]) => String(id))
  const messages = [...(await lockMessages(context, ids)).values()]
  const left = (await readRegistrations(context, recipient)).map(({ registration }) => registration)
  const settled = await endAll(context, messages, { left, at })
  const last = ids.length === STEP ? ids.at(-1) : undefined
  return { removed: 0, settled, ...(last === undefined ? {} : { next: last }) }
}

async function endAll(
  context: WriteContext,
  messages: readonly OpenMessage[],
  { left, at }: { left: readonly Registration[]; at: number },
): Promise<SettledMessage[]> {
  const isGone = goneTest(left)
  const unbegun = left.length > 0 ? [] : messages.filter(({ stage, isFree }) => stage === 0 && isFree)
  const changed = messages.filter(message => message.stage === 1 && endWaitingOf(message, isGone))
  await endUnbegun(
    context,
    unbegun.map(({ id }) => id),
    at,
  )
  await saveMessages(context, changed, at)
  const states = new Map<string, SettledMessage['state']>(unbegun.map(({ id }) => [id, 'unreachable']))
  for (const message of changed) {
    const { state } = columnsOf(message, at)
    if (state !== 'pending') states.set(message.id, state)
  }
  return messages.flatMap(({ id }) => {
    const state = states.get(id)
    return state === undefined ? [] : [{ id, state }]
  })
}

type GoneTest = (record: DeliveryRecord) => boolean

function goneTest(left: readonly Registration[]): GoneTest {
  return ({ device, kind, firstVersion }) =>
    !isNamed(
      left.find(other => other.device === device && other.kind === kind),
      firstVersion,
    )
}

/** Ends deliveries to registrations that are gone, unless one is under way. True when there were any. */
function endWaitingOf(message: OpenMessage, isGone: GoneTest): boolean {
  const orphans = message.waiting.filter(({ isFree, record }) => isFree && isGone(record))
  for (const orphan of orphans) {
    endWaiting(message, orphan, { ...orphan.record, state: 'unregistered', reason: REMOVED })
  }
  if (!message.ended.some(record => isRevivable(record, isGone))) message.isErased = true
  return orphans.length > 0
}

function isRevivable(record: DeliveryRecord, isGone: GoneTest): boolean {
  return record.state === 'dead' && !isGone(record)
}

/** Of what is over: texts that were kept for a requeue to a registration that is gone. They are few. */
async function eraseTexts(context: WriteContext, recipient: string): Promise<void> {
  const { rows } = await context.query(TEXTS, [recipient])
  const left = (await readRegistrations(context, recipient)).map(({ registration }) => registration)
  const isGone = goneTest(left)
  const useless = rows.filter(
    ([, , deliveries]) =>
      !JSON.parse(String(deliveries)).some((record: DeliveryRecord) => isRevivable(record, isGone)),
  )
  if (useless.length === 0) return
  await context.query(ERASE, [useless.map(([id]) => id), useless.map(([, settledAt]) => settledAt)])
}
