import { apns } from './apns/apns.ts'
import { fcm } from './fcm/fcm.ts'
import { http } from './http/http.ts'
import type { ProviderDefinition } from './provider-definition.ts'
import { prowl } from './prowl/prowl.ts'
import { webpush } from './webpush/webpush.ts'
import { zeropush } from './zeropush/zeropush.ts'

/** Every provider that this relay can speak to: a new one is a folder, and a line here. */
export const PROVIDERS: readonly ProviderDefinition[] = [apns, fcm, webpush, zeropush, http, prowl]
