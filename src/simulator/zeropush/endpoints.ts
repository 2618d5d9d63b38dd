import { changeChannels, register, setBadge, showDevice, unregister } from './device-calls.ts'
import type { Call, Endpoint, Ready } from './endpoint.ts'
import { broadcast, listInactive, notify } from './push-calls.ts'
import { refusal } from './refusal.ts'

/** By method and the first word of the path. An app may call what is `forApps`, with the token that it ships with. */
const ROUTES: Readonly<Record<string, { endpoint: Endpoint; forApps: boolean }>> = {
  'GET verify_credentials': { endpoint: verifyCredentials, forApps: true },
  'POST notify': { endpoint: notify, forApps: false },
  'POST broadcast': { endpoint: broadcast, forApps: false },
  'POST register': { endpoint: register, forApps: true },
  'DELETE register': { endpoint: unregister, forApps: true },
  'DELETE unregister': { endpoint: unregister, forApps: true },
  'POST subscribe': { endpoint: changeChannels('add'), forApps: true },
  'DELETE subscribe': { endpoint: changeChannels('delete'), forApps: true },
  'POST set_badge': { endpoint: setBadge, forApps: true },
  'GET inactive_tokens': { endpoint: listInactive, forApps: false },
  'GET devices': { endpoint: showDevice, forApps: true },
}

export function findEndpoint(method: string, word: string): Endpoint | undefined {
  const key = `${method} ${word}`
  const route = Object.hasOwn(ROUTES, key) ? ROUTES[key] : undefined
  if (route === undefined || route.forApps) return route?.endpoint
  return (call, parts) =>
    call.tokenKind === 'app_token'
      ? refusal(403, 'An app token may not be used here.', 'authorization error')
      : route.endpoint(call, parts)
}

function verifyCredentials({ tokenKind }: Call): Ready {
  return { perform: () => ({ message: 'authenticated', auth_token_type: tokenKind }) }
}
