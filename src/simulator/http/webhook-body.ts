import { isUtf8 } from 'node:buffer'

/** What a receiver is told, once it is checked. */
export interface Webhook {
  id: string
  expiresAt: string
  device: { id: string; app: string; token: string; locale?: string }
  notification: {
    title: string
    body: string
    threadId: string
    collapseId: string
    badge?: number
    chat: { id: string; stanzaId?: string; from?: string; to?: string; type?: string; room?: string }
  }
}

type Rule = (value: unknown) => boolean
/** Keys that end in `?` may be missing; no others may be there. */
type Shape = { readonly [key: string]: Rule | Shape }

const text: Rule = value => typeof value === 'string' && value.isWellFormed()
const name: Rule = value => text(value) && value !== ''
const count: Rule = value => Number.isSafeInteger(value) && Number(value) >= 0
const instant: Rule = value =>
  typeof value === 'string' &&
  /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/.test(value) &&
  Number.isFinite(Date.parse(value))
const uuid: Rule = value =>
  typeof value === 'string' && /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(value)

const SHAPE: Shape = {
  id: uuid,
  expiresAt: instant,
  device: { id: name, app: name, token: name, 'locale?': name },
  notification: {
    title: name,
    body: text,
    threadId: name,
    collapseId: name,
    'badge?': count,
    chat: { id: name, 'stanzaId?': name, 'from?': name, 'to?': name, 'type?': name, 'room?': name },
  },
}

/** As docs/providers/http.md promises. */
const MAX_NOTIFICATION_BYTES = 8192

/** The body if it is exactly as documented, else what is wrong with it. */
export function readWebhook(
  body: Buffer,
  id: string,
): { ok: true; webhook: Webhook } | { ok: false; problem: string } {
  const value = parse(body)
  if (value === undefined) return { ok: false, problem: 'not JSON in UTF-8' }
  const problem = misfit(value, SHAPE, 'body')
  if (problem !== undefined) return { ok: false, problem }
  const webhook = value as Webhook
  if (Buffer.byteLength(JSON.stringify(webhook.notification)) > MAX_NOTIFICATION_BYTES) {
    return { ok: false, problem: 'body.notification is too long' }
  }
  return webhook.id === id ? { ok: true, webhook } : { ok: false, problem: 'body.id is not webhook-id' }
}

function misfit(value: unknown, shape: Rule | Shape, place: string): string | undefined {
  if (typeof shape === 'function') return shape(value) ? undefined : `${place} is wrong`
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return `${place} is no object`
  const rules = Object.entries(shape).map(([key, rule]) => ({
    key: key.replace('?', ''),
    rule,
    isOptional: key.endsWith('?'),
  }))
  if (Object.keys(value).some(key => !rules.some(rule => rule.key === key)))
    return `${place} has a key too many`
  const problems = rules.map(({ key, rule, isOptional }) => {
    const inner: unknown = Reflect.get(value, key)
    return inner === undefined && isOptional ? undefined : misfit(inner, rule, `${place}.${key}`)
  })
  return problems.find(problem => problem !== undefined)
}

function parse(body: Buffer): unknown {
  if (!isUtf8(body)) return undefined
  try {
    return JSON.parse(body.toString())
  } catch {
    return undefined
  }
}
