import type { Dialect } from './dialect.ts'
import { modInteract } from './mod-interact.ts'
import { modOfflineHttpPost } from './mod-offline-http-post.ts'
import { modOfflineHttpPostJson } from './mod-offline-http-post-json.ts'
import { modOfflineHttpPostNotify } from './mod-offline-http-post-notify.ts'
import { modOfflinePost } from './mod-offline-post.ts'

/** Every dialect that has a route. */
export const DIALECTS: readonly Dialect[] = [
  modInteract,
  modOfflinePost,
  modOfflineHttpPost,
  modOfflineHttpPostNotify,
  modOfflineHttpPostJson,
]
