/**
 * What a caller said, before any rule was applied: fields as a dialect found them. Only `to`, `from` and `body` can make
 * a message invalid; whatever else does not fit is coerced, cut or dropped and noted, because the sender will not try again.
 */
export interface MessageDraft {
  to?: unknown
  from?: unknown
  body?: unknown
  id?: unknown
  type?: unknown
  nick?: unknown
  room?: unknown
  thread?: unknown
  unread?: unknown
  sentAt?: unknown
  encrypted?: unknown
  /** Completes a bare local part in `to` and `from`. */
  vhost?: unknown
  /** The dialect leaves the text out on purpose. */
  bodyOmitted?: boolean
}
