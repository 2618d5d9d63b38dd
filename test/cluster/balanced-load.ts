import assert from 'node:assert/strict'
import { HOOK_TOKEN, type RelayProcess } from '../support/relay-process.ts'

const SENDERS = 8
const LARGEST_ARRAY = 100
/** The other posts are arrays. */
const SHARE_OF_SINGLES = 0.7

interface Message {
  to: string
  from: string
  body: string
  id: string
}

interface Result {
  id: string
  status: string
}

/**
 * Posts as somebody behind a load balancer: to one node after the other. What nobody answered, or what was refused, is posted
 * again at the next one, with the same stanza id, until it is accepted.
 */
export class BalancedLoad {
  /** Recipients by message id, of all that was answered 202. */
  readonly accepted = new Map<string, string>()
  readonly counts = { posts: 0, unanswered: 0, refused: 0, duplicates: 0 }
  readonly #recipients: readonly string[]
  readonly #nodes: RelayProcess[]
  #underWay = new Map<RelayProcess, AbortController>()
  #turn = 0
  #begun = 0
  #goOn: Promise<unknown> = Promise.resolve()
  #waiting: { count: number; resolve: () => void }[] = []

  constructor(nodes: readonly RelayProcess[], recipients: readonly string[]) {
    this.#nodes = [...nodes]
    this.#recipients = recipients
  }

  /** Posts so many more messages. Once a random part of them is accepted, `disturb` begins; resolves when both are over. */
  async during(count: number, disturb: () => Promise<unknown>): Promise<void> {
    const before = this.accepted.size
    const end = this.#begun + count
    const part = Math.ceil(count * (0.1 + 0.5 * Math.random()))
    const senders = Array.from({ length: SENDERS }, () => this.#send(end))
    await Promise.all([...senders, this.#reaches(before + part).then(disturb)])
    assert.equal(this.accepted.size, before + count)
  }

  /** The balancer gives up on a node, also on the posts that it has not answered. */
  leaveOut(node: RelayProcess): void {
    this.#nodes.splice(this.#nodes.indexOf(node), 1)
    this.#underWay.get(node)?.abort()
    this.#underWay.delete(node)
  }

  takeIn(node: RelayProcess): void {
    this.#nodes.push(node)
  }

  /** What failed is not posted again until `isOver`: nobody can take it meanwhile. */
  holdRepeats(isOver: Promise<unknown>): void {
    this.#goOn = isOver
  }

  async #send(end: number): Promise<void> {
    while (this.#begun < end) {
      const isSingle = Math.random() < SHARE_OF_SINGLES
      const size = isSingle ? 1 : Math.min(1 + Math.floor(Math.random() * LARGEST_ARRAY), end - this.#begun)
      await this.#post(Array.from({ length: size }, () => this.#message(this.#begun++)))
    }
  }

  #message(index: number): Message {
    const to = this.#recipients[index % this.#recipients.length] ?? ''
    return { to, from: 'alice@localhost', body: `message ${index}`, id: `stanza-${index}` }
  }

  async #post(messages: readonly Message[]): Promise<void> {
    for (let isFirst = true; ; isFirst = false) {
      const results = await this.#tryPost(messages)
      if (results !== undefined) {
        this.#note(messages, results, isFirst)
        return
      }
      await this.#goOn
    }
  }

  #note(messages: readonly Message[], results: readonly Result[], isFirst: boolean): void {
    assert.equal(results.length, messages.length)
    for (const [index, { id, status }] of results.entries()) {
      assert.ok(status === 'queued' || (status === 'duplicate' && !isFirst), status)
      if (status === 'duplicate') this.counts.duplicates++
      this.accepted.set(id, messages[index]?.to ?? '')
    }
    this.#waiting = this.#waiting.filter(({ count, resolve }) => {
      if (this.accepted.size < count) return true
      resolve()
      return false
    })
  }

  /** Undefined when it is not known to be accepted. */
  async #tryPost(messages: readonly Message[]): Promise<Result[] | undefined> {
    const node = this.#nodes[this.#turn++ % this.#nodes.length] as RelayProcess
    this.counts.posts++
    try {
      const response = await fetch(`${node.url}/v1/messages`, {
        method: 'POST',
        headers: { authorization: `Bearer ${HOOK_TOKEN}`, 'content-type': 'application/json' },
        body: JSON.stringify(messages.length === 1 ? messages[0] : messages),
        signal: this.#signalOf(node),
      })
      const answer = (await response.json()) as Result & { results?: Result[] }
      if (response.status === 202) return answer.results ?? [answer]
      assert.equal(response.status, 503, JSON.stringify(answer))
      assert.ok(response.headers.has('retry-after'))
      this.counts.refused++
    } catch (error) {
      if (error instanceof assert.AssertionError) throw error
      this.counts.unanswered++
    }
    return undefined
  }

  #signalOf(node: RelayProcess): AbortSignal {
    const known = this.#underWay.get(node) ?? new AbortController()
    this.#underWay.set(node, known)
    return known.signal
  }

  #reaches(count: number): Promise<void> {
    if (this.accepted.size >= count) return Promise.resolve()
    return new Promise(resolve => this.#waiting.push({ count, resolve }))
  }
}
