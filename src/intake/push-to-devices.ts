import type { BadgeChange } from '../domain/badge.ts'
import type { DirectContent } from '../domain/direct-content.ts'
import { newMessageId } from '../domain/message-id.ts'
import { ZEROPUSH_DOMAIN, zeropushRecipient } from '../domain/zeropush-recipient.ts'
import type { AcceptEntry } from '../store/store.ts'
import type { TargetQuery, ZeropushRegistry } from '../store/zeropush-registry.ts'
import { type CommitDependencies, createCommitEntries } from './commit-entries.ts'

/** What somebody wants phones to show, in so many words. */
export interface DirectPush {
  body?: string
  direct: DirectContent
  badge?: BadgeChange
  /** When it is of no use any more; absent: as for every message. */
  expiresAt?: number
}

export interface NamedResult {
  /** Devices for which a message is committed. */
  sent: number
  /** Known, but their provider says they are dead. */
  inactive: string[]
  unregistered: string[]
}

export interface PushToDevices {
  /** To devices by their tokens. One commit. */
  named(tokens: readonly string[], push: DirectPush): Promise<NamedResult>
  /**
   * To every active device of a channel, or of all: some at a time, and after each commit for how many it was. When one
   * fails the ones before it are sent; who stops asking ends it.
   */
  broadcast(channel: string | undefined, push: DirectPush): AsyncIterable<number>
}

export interface PushDependencies extends CommitDependencies {
  registry: Pick<ZeropushRegistry, 'named' | 'targets'>
  messageTtlMs: number
}

/** Devices per commit of a broadcast: chat messages are accepted in between (with a thousand they waited four times as long). */
const BATCH = 250
/** A push that is to be shown now or never must be attempted, whatever the clocks say. */
const SHORTEST_LIFE_MS = 60_000

/** One message per device, because each has its own badge; they go the way of all messages. */
export function createPushToDevices(deps: PushDependencies): PushToDevices {
  const { registry } = deps
  const commit = createCommitEntries(deps)
  const send = async (tokens: readonly string[], push: DirectPush) => {
    if (tokens.length === 0) return new Set<string>()
    const entries = toEntries(tokens, push, deps)
    const receipts = await commit(entries)
    return new Set(tokens.filter((_token, index) => receipts[index]?.status === 'queued'))
  }
  return {
    async named(tokens, push) {
      const known = await registry.named(tokens)
      const active = known.filter(({ isActive }) => isActive).map(({ token }) => token)
      const sent = await send(active, push)
      const names = new Set(known.map(({ token }) => token))
      return {
        sent: sent.size,
        inactive: known.map(({ token }) => token).filter(token => !sent.has(token)),
        unregistered: tokens.filter(token => !names.has(token)),
      }
    },
    async *broadcast(channel, push) {
      for (let after: string | undefined = ''; after !== undefined; ) {
        const tokens: string[] = await page(registry, {
          after,
          limit: BATCH,
          ...(channel === undefined ? {} : { channel }),
        })
        yield (await send(tokens, push)).size
        after = tokens.length < BATCH ? undefined : tokens.at(-1)
      }
    },
  }
}

async function page(registry: Pick<ZeropushRegistry, 'targets'>, query: TargetQuery): Promise<string[]> {
  return (await registry.targets(query)).map(({ token }) => token)
}

function toEntries(
  tokens: readonly string[],
  { body, direct, badge, expiresAt }: DirectPush,
  { clock, messageTtlMs }: Pick<PushDependencies, 'clock' | 'messageTtlMs'>,
): AcceptEntry[] {
  const receivedAt = clock.now()
  const latest = receivedAt + messageTtlMs
  const wanted = Math.max(expiresAt ?? latest, receivedAt + SHORTEST_LIFE_MS)
  const content = { sender: ZEROPUSH_DOMAIN, type: 'normal', encrypted: false, direct } as const
  return tokens.map(token => {
    const recipient = zeropushRecipient(token)
    return {
      id: newMessageId(),
      recipient,
      sender: ZEROPUSH_DOMAIN,
      type: 'normal',
      content: { ...content, recipient, ...(body === undefined ? {} : { body }) },
      notes: [],
      receivedAt,
      expiresAt: Math.min(wanted, latest),
      leased: false,
      ...(badge === undefined ? {} : { badge }),
    }
  })
}
