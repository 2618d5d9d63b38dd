import { apnProvider } from './apn.ts'
import { engine } from './engine.ts'
import { nodeHttp2 } from './node-http2.ts'
import type { StartPusher } from './pusher.ts'

/** In the order of the tables. */
export const CLIENTS = {
  'push-relay': engine,
  'node:http2': nodeHttp2,
  apn: apnProvider,
} as const satisfies Record<string, StartPusher>

export type ClientName = keyof typeof CLIENTS

export const CLIENT_NAMES = Object.keys(CLIENTS) as ClientName[]
