import type { MessageDraft } from '../../domain/message-draft.ts'

/** A request as it came. Dialects read the raw bytes: what a module wrote is not what a form parser makes of it. */
export interface HookRequest {
  raw: Buffer
  headers: Readonly<Record<string, string | string[] | undefined>>
}

/**
 * What a body holds, or why nothing of it can be read: `problem` completes "the body cannot be read: …" and never
 * repeats what was sent. `many`: the answer is a list, whatever its length; undefined stands for an entry that is no object.
 */
export type ParsedBody =
  | { ok: true; drafts: readonly (MessageDraft | undefined)[]; many: boolean }
  | { ok: false; problem: string }

/**
 * How one family of ejabberd modules writes its POST. The modules' authors ignore the answer, so every dialect is
 * answered as the front door is. Two rules hold in all of them:
 *
 * - `to`, `from`, `vhost` and the token are taken as they are: no module encodes them, and `al%69ce` is not `alice`.
 * - Recipients come only from the fixed beginning, before the first character that the sender of the message chose.
 *   What follows is the sender's text, never keys.
 */
export interface Dialect {
  /** The last part of its route. */
  readonly name: string
  /** Media types, without parameters. */
  readonly contentTypes: readonly string[]
  /**
   * How much of a body is read before the token at its end is found; absent where the token is a header. ejabberd's
   * recommended `max_stanza_size` is 256 KiB for clients and 512 KiB for servers
   * (https://docs.ejabberd.im/admin/configuration/listen-options/#max_stanza_size), and these modules do not try again.
   */
  readonly unprovenBodyBytes?: number
  /** What the caller presents as its credential; undefined when there is none. Pure, and safe on hostile bytes. */
  credential(request: HookRequest): string | undefined
  /** Only for requests whose credential was found good. Pure, never throws. */
  parse(request: HookRequest): ParsedBody
}
