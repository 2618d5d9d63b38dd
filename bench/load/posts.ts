import { HOOK_TOKEN } from '../system/relay.ts'
import type { HttpConnection, HttpRequest } from './http-connection.ts'
import { message, recipient } from './messages.ts'

/** Where posts come from. */
export interface PostSource {
  readonly perPost: number
  /** Messages in the posts that were begun. */
  readonly begun: number
  /** Undefined when there are no more. `dueAt`: when this one is to be sent, by performance.now(). */
  next(dueAt: number): HttpRequest | undefined
}

export interface PostsOptions {
  first: number
  limit: number
  /** 1 is the object that simple modules post. */
  perPost: number
  /** For whom a message is. */
  to?: (index: number) => string
}

/** What is still to be posted, `perPost` messages at a time. */
export class Posts implements PostSource {
  readonly perPost: number
  readonly #first: number
  readonly #limit: number
  readonly #to: (index: number) => string
  #begun = 0

  constructor({ first, limit, perPost, to = recipient }: PostsOptions) {
    this.perPost = perPost
    this.#first = first
    this.#limit = limit
    this.#to = to
  }

  /** Messages in the posts that were begun. */
  get begun(): number {
    return this.#begun
  }

  next(): HttpRequest | undefined {
    if (this.#begun + this.perPost > this.#limit) return undefined
    const from = this.#first + this.#begun
    this.#begun += this.perPost
    const one = (index: number) => message(index, this.#to(index))
    const body =
      this.perPost === 1 ? one(from) : Array.from({ length: this.perPost }, (_, i) => one(from + i))
    return { method: 'POST', path: '/v1/messages', token: HOOK_TOKEN, body: JSON.stringify(body) }
  }
}

/** Throws unless every message of the post is durable. */
export async function post(
  connection: HttpConnection,
  request: HttpRequest,
  messages: number,
): Promise<void> {
  const { status, body } = await connection.request(request)
  const queued = body.split('"status":"queued"').length - 1
  if (status !== 202 || queued !== messages) {
    throw new Error(`the relay answered ${status} and queued ${queued} of ${messages}`)
  }
}
