import { type DraftCode, defaultDomainsOf, type MessageDraft, readDraft } from '../domain/message-draft.ts'
import type { OfflineMessage } from '../domain/offline-message.ts'
import type { AcceptOfflineMessages, AcceptResult } from '../intake/accept-offline-message.ts'
import { coversDomain } from './credentials.ts'
import type { ParsedBody } from './dialects/dialect.ts'
import { errors } from './errors.ts'
import type { HookGrant } from './hook-authentication.ts'

/** A bad entry of a list: it spoils no other. */
export interface InvalidEntry {
  status: 'invalid'
  code: string
  message: string
}

export type MessageReply = AcceptResult | { results: (AcceptResult | InvalidEntry)[] }

export interface AcceptDraftsDependencies {
  acceptOfflineMessages: AcceptOfflineMessages
  xmppDomain: string | undefined
}

type Checked = { ok: true; message: OfflineMessage } | { ok: false; error: Refusal }
type Refusal = Error & { code: string }

const DRAFT_ERRORS = {
  RELAY_INVALID_TO: errors.invalidTo,
  RELAY_INVALID_FROM: errors.invalidFrom,
  RELAY_INVALID_BODY: errors.invalidBody,
  RELAY_INVALID_MESSAGE: errors.invalidMessage,
} as const satisfies Record<DraftCode, unknown>

/** Everything that a body holds, in one commit; one result per entry, in order. */
export async function acceptDrafts(
  body: ParsedBody,
  grant: HookGrant,
  deps: AcceptDraftsDependencies,
): Promise<MessageReply> {
  if (!body.ok) throw new errors.malformedBody(body.problem)
  const context = { defaultDomains: defaultDomainsOf(grant.domains, deps.xmppDomain) }
  const checked = body.drafts.map(draft => check(draft, grant, context))
  const results = await acceptValid(checked, deps.acceptOfflineMessages, body.many)
  const [only] = results
  return body.many || only === undefined || only.status === 'invalid' ? { results } : only
}

function check(
  draft: MessageDraft | undefined,
  grant: HookGrant,
  context: Parameters<typeof readDraft>[1],
): Checked {
  const read = readDraft(draft, context)
  if (!read.ok) return { ok: false, error: new DRAFT_ERRORS[read.code](read.message) }
  const domain = read.message.recipient.slice(read.message.recipient.indexOf('@') + 1)
  if (!coversDomain(grant, domain)) return { ok: false, error: new errors.wrongDomain() }
  return { ok: true, message: read.message }
}

async function acceptValid(
  checked: readonly Checked[],
  acceptOfflineMessages: AcceptOfflineMessages,
  many: boolean,
): Promise<(AcceptResult | InvalidEntry)[]> {
  const valid: OfflineMessage[] = []
  for (const entry of checked) {
    if (entry.ok) valid.push(entry.message)
    else if (!many) throw entry.error
  }
  const accepted = valid.length === 0 ? [] : await acceptOfflineMessages(valid)
  let next = 0
  return checked.map(entry => {
    if (!entry.ok) return { status: 'invalid', code: entry.error.code, message: entry.error.message }
    const result = accepted[next++]
    if (result === undefined) throw new Error('intake answered fewer results than it was given messages')
    return result
  })
}
