import { createECDH, randomBytes } from 'node:crypto'
import { type BrowserKeys, decrypt } from './decryption.ts'
import type { PushHeaders } from './push-rules.ts'
import type { ServiceKind } from './refusals.ts'

/** What `PushSubscription.toJSON()` gives to a page. */
export interface Subscription {
  endpoint: string
  expirationTime: null
  keys: { p256dh: string; auth: string }
}

export interface SubscribeOptions {
  /** Default `mozilla`. */
  kind?: ServiceKind
  /** Base64url. Absent: not bound to a key, as UnifiedPush distributors may do. */
  applicationServerKey?: string
  /** Default 4096; Firefox on Android takes 2744. */
  maxBodyBytes?: number
  /** Hears what it could read, when it comes. */
  onMessage?(message: ReceivedMessage): void
}

/** A message as its service worker would get it. */
export interface ReceivedMessage extends PushHeaders {
  /** Of the encrypted body. */
  bodyBytes: number
  text: string
}

export interface Browser {
  readonly subscription: Subscription
  readonly kind: ServiceKind
  readonly applicationServerKey: string | undefined
  readonly maxBodyBytes: number
  /** 404 or 410 once it is over. */
  over: 404 | 410 | undefined
  /** In the order in which they came. */
  readonly messages: ReceivedMessage[]
  /** Why it could not read others: a push service takes them all the same. */
  readonly unreadable: string[]
  /** What it shows, by `tag`: a later one takes the place of the earlier. */
  readonly shown: Map<string, Record<string, unknown>>
  receive(body: Buffer, headers: PushHeaders): void
}

export function createBrowser(endpoint: string, options: SubscribeOptions): Browser {
  const key = createECDH('prime256v1')
  key.generateKeys()
  const keys: BrowserKeys = { key, auth: randomBytes(16) }
  const browser: Browser = {
    subscription: {
      endpoint,
      expirationTime: null,
      keys: { p256dh: key.getPublicKey('base64url'), auth: keys.auth.toString('base64url') },
    },
    kind: options.kind ?? 'mozilla',
    applicationServerKey: options.applicationServerKey,
    maxBodyBytes: options.maxBodyBytes ?? 4096,
    over: undefined,
    messages: [],
    unreadable: [],
    shown: new Map(),
    receive(body, headers) {
      try {
        // Without a body it is only woken.
        const text = body.length === 0 ? '' : decrypt(body, keys).toString()
        const message = { ...headers, bodyBytes: body.length, text }
        browser.messages.push(message)
        options.onMessage?.(message)
        if (text !== '') show(browser, text)
      } catch (error) {
        browser.unreadable.push(error instanceof Error ? error.message : 'unreadable')
      }
    },
  }
  return browser
}

/** As the service worker of docs/providers/webpush.md does. */
function show({ shown }: Browser, text: string): void {
  const notification = JSON.parse(text) as Record<string, unknown>
  shown.set(String(notification.tag), notification)
}
