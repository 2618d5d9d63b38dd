import type { Clock } from '../domain/clock.ts'
import type {
  ProviderName,
  Registration,
  RegistrationRequest,
  RegistrationRules,
} from '../domain/registration.ts'
import type { Store } from '../store/store.ts'
import type { Events } from '../telemetry/events.ts'

/** Tokens of others that one recipient may take over in a day; see SECURITY.md for what remains of that risk. */
const MAX_MOVES = 5

export interface RegisterDeviceDependencies {
  store: Pick<Store, 'register'>
  rules: ReadonlyMap<ProviderName, RegistrationRules>
  events: Events
  clock: Pick<Clock, 'now'>
  maxDevices: number
}

export interface DeviceCommand {
  /** Normalised bare JID. */
  recipient: string
  device: string
  request: RegistrationRequest
  /** An admin may move tokens without limit: an import of devices is nothing but moves. */
  isAdmin: boolean
}

export type RegisterDeviceResult =
  | { status: 'created' | 'refreshed'; registration: Registration }
  | { status: 'too-many-moves' }
  | { status: 'unknown-provider' }
  | { status: 'refused'; code: 'token' | 'app' | 'environment'; message: string }

export type RegisterDevice = (command: DeviceCommand) => Promise<RegisterDeviceResult>

/** Registers, refreshes, replaces or moves, once the provider's rules agree. Nothing is written when they do not. */
export function createRegisterDevice(deps: RegisterDeviceDependencies): RegisterDevice {
  return async ({ recipient, device, request, isAdmin }) => {
    const rules = deps.rules.get(request.provider)
    if (rules === undefined) return { status: 'unknown-provider' }
    const check = rules.check(request)
    if (!check.ok) return { status: 'refused', code: check.code, message: check.message }
    const { ok: _ok, ...addressed } = check
    const { app: _app, environment: _environment, address: _address, ...rest } = request
    const result = await deps.store.register({
      ...rest,
      ...addressed,
      recipient,
      device,
      kind: 'alert',
      at: deps.clock.now(),
      maxDevices: deps.maxDevices,
      ...(rules.hasOneOwner ? {} : { isShared: true as const }),
      ...(isAdmin ? {} : { maxMoves: MAX_MOVES }),
    })
    deps.events.emit('registration.changed', { change: result.status })
    return result
  }
}
