import { apns } from './apns/apns.ts'
import type { ProviderDefinition } from './provider-definition.ts'
import { webpush } from './webpush/webpush.ts'

/** Every provider that this relay can speak to: a new one is a folder, and a line here. */
export const PROVIDERS: readonly ProviderDefinition[] = [apns, webpush]
