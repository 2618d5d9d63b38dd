import {
  completeJid,
  type DomainResult,
  hasDomain,
  type JidResult,
  normaliseDomain,
  parseBareJid,
} from './jid.ts'
import { MAX_BODY_BYTES, type OfflineMessage } from './offline-message.ts'
import { type OptionalDraftFields, readOptionalFields } from './optional-fields.ts'
import { beginningOf } from './text.ts'

/**
 * What a caller said, before any rule was applied: fields as a dialect found them. Only `to`, `from` and `body` can make
 * a message invalid; whatever else does not fit is coerced, cut or dropped and noted, because the sender will not try again.
 */
export interface MessageDraft extends OptionalDraftFields {
  to?: unknown
  from?: unknown
  body?: unknown
  /** Completes a bare local part in `to` and `from`. */
  vhost?: unknown
  /** The dialect leaves the text out on purpose. */
  bodyOmitted?: boolean
  /** It came in a form, where numbers and flags are texts. */
  onlyTexts?: boolean
  /** The dialect names only local parts, and the sender has none: it is the recipient's server. */
  isFromServer?: boolean
  /** What the dialect itself had to drop or replace. Names, never values. */
  notes?: readonly string[]
}

export type DraftCode =
  | 'RELAY_INVALID_TO'
  | 'RELAY_INVALID_FROM'
  | 'RELAY_INVALID_BODY'
  | 'RELAY_INVALID_MESSAGE'

export type DraftProblem = { ok: false; code: DraftCode; message: string }
export type DraftResult = { ok: true; message: OfflineMessage } | DraftProblem

export interface DraftContext {
  /** Normalised; the first completes a bare local part when the draft has no vhost. See defaultDomainsOf. */
  defaultDomains: readonly string[]
}

/** The token's only domain, else the operator's: a token for several domains does not say which one is meant. */
export function defaultDomainsOf(
  tokenDomains: readonly string[] | undefined,
  xmppDomain: string | undefined,
): readonly string[] {
  if (tokenDomains?.length === 1) return tokenDomains
  return xmppDomain === undefined ? [] : [xmppDomain]
}

/** Applies every rule of the front door to one draft; undefined stands for an entry that was no object. Never throws. */
export function readDraft(draft: MessageDraft | undefined, context: DraftContext): DraftResult {
  if (draft === undefined) return problem('RELAY_INVALID_MESSAGE', 'A message must be an object')
  const notes = [...(draft.notes ?? [])]
  const domain = completingDomain(draft.vhost, context, notes)
  const recipient = readRecipient(draft, domain)
  if (!recipient.ok) return problem('RELAY_INVALID_TO', addressProblem('to', recipient.problem))
  const sender = readSender(draft, recipient, domain)
  if (!sender.ok) return problem('RELAY_INVALID_FROM', addressProblem('from', sender.problem))
  const optional = readOptionalFields(draft, {
    hasBody: !isMissing(draft.body),
    onlyTexts: draft.onlyTexts === true,
    notes,
  })
  const body = readBody(draft, optional.encrypted, notes)
  if (!body.ok) return body
  return {
    ok: true,
    message: {
      recipient: recipient.jid,
      sender: sender.jid,
      ...(body.text === undefined ? {} : { body: body.text }),
      bodyOmitted: draft.bodyOmitted === true,
      ...optional,
      notes,
    },
  }
}

function problem(code: DraftCode, message: string): DraftProblem {
  return { ok: false, code, message }
}

function completingDomain(vhost: unknown, context: DraftContext, notes: string[]): string | undefined {
  if (vhost !== undefined && vhost !== null && vhost !== '') {
    const normalised: DomainResult =
      typeof vhost === 'string' ? normaliseDomain(vhost) : { ok: false, problem: 'invalid domain' }
    if (normalised.ok) return normalised.domain
    notes.push('vhost dropped')
  }
  return context.defaultDomains[0]
}

const NO_TEXT = { ok: false, problem: 'it must be a text, in UTF-8' } as const
const MISSING = { ok: false, problem: 'missing' } as const
type Address = JidResult | typeof NO_TEXT | typeof MISSING

function addressProblem(name: string, problem: (Address & { ok: false })['problem']): string {
  return problem === 'missing' ? `${name} is missing` : `${name} is not valid: ${problem}`
}

function readRecipient(draft: MessageDraft, domain: string | undefined): Address {
  if (isText(draft.to)) return completeJid(draft.to, domain)
  return 'to' in draft ? NO_TEXT : MISSING
}

function isText(value: unknown): value is string {
  return typeof value === 'string' && value !== ''
}

function readSender(
  draft: MessageDraft,
  recipient: JidResult & { ok: true },
  domain: string | undefined,
): Address {
  if (draft.isFromServer === true) return parseBareJid(recipient.domain)
  const { from, to } = draft
  if (!isText(from)) return 'from' in draft ? NO_TEXT : MISSING
  const saysItsDomains = isText(to) && hasDomain(to)
  const server = saysItsDomains ? serverJid(from, recipient.domain, domain) : undefined
  return server ?? completeJid(from, domain)
}

/**
 * A caller that writes `to` with its domain may mean a server by a `from` without `@` (announcements, rooms, gateways):
 * the recipient's, or one below it. Any other name with a dot is one only where nothing could complete it.
 */
function serverJid(from: string, recipientDomain: string, domain: string | undefined): JidResult | undefined {
  if (hasDomain(from)) return undefined
  const parsed = parseBareJid(from)
  if (!parsed.ok) return undefined
  const isNear = parsed.domain === recipientDomain || parsed.domain.endsWith(`.${recipientDomain}`)
  return isNear || (domain === undefined && parsed.domain.includes('.')) ? parsed : undefined
}

function isMissing(body: unknown): body is undefined | null {
  return body === undefined || body === null
}

type BodyResult = { ok: true; text: string | undefined } | DraftProblem

function readBody(draft: MessageDraft, encrypted: boolean, notes: string[]): BodyResult {
  const { body } = draft
  if (isMissing(body)) {
    if (encrypted || draft.bodyOmitted === true) return { ok: true, text: undefined }
    return problem('RELAY_INVALID_BODY', 'body is required')
  }
  if (typeof body !== 'string') return problem('RELAY_INVALID_BODY', 'body must be a string')
  // Cut once before, so that four megabytes cost no more than eight kilobytes, and once after: U+FFFD has three bytes.
  const start = body.slice(0, MAX_BODY_BYTES + 2)
  const clean = start.toWellFormed().replaceAll('\0', '\ufffd')
  const text = beginningOf(clean, MAX_BODY_BYTES)
  if (clean !== start) notes.push('body repaired')
  if (start.length < body.length || text.length < clean.length) notes.push('body cut')
  return { ok: true, text }
}
