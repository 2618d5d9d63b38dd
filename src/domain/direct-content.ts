/**
 * A notification in its sender's own words, as ZeroPush's API takes it. Its text is the message's `body`, its badge the
 * message's `unread`. What it does not name is not sent; all of it is erased with the text.
 */
export interface DirectContent {
  title?: string
  /** Further keys of Apple's alert dictionary, such as `loc-key`. */
  alert?: AlertFields
  sound?: string
  category?: string
  /** A later notification with the same one replaces this one. */
  collapseKey?: string
  /** Wakes the app; without text, sound and badge it does nothing else. */
  contentAvailable?: true
  /** For the app. Named `info` by ZeroPush, and in the payload, too. */
  info?: CustomData
  /** For the app, each key by itself: what ZeroPush sent to Android. */
  data?: CustomData
}

export type AlertFields = Readonly<Record<string, string | readonly string[]>>
export type CustomData = Readonly<Record<string, unknown>>

/** What a notification has in place of what the relay adds to a chat message. */
export interface DirectParts {
  /** There is something to read: title, body, or keys that the app knows texts for. */
  hasAlert: boolean
  /** A part of it is `body`. */
  hasBody: boolean
  alert: AlertFields
  sound?: string
  category?: string
  contentAvailable: boolean
  /** Neither text nor sound nor badge: nobody notices but the app. */
  isSilent: boolean
  /** There is `data`, of which an app on Android makes what it shows itself. */
  isForApp: boolean
}

/** Bytes that it takes in memory and in a payload, roughly. */
export function directBytes(direct: DirectContent | undefined): number {
  return direct === undefined ? 0 : Buffer.byteLength(JSON.stringify(direct))
}
