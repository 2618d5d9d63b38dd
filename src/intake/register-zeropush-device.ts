import type { Clock } from '../domain/clock.ts'
import type { ProviderName, RegistrationCheck, RegistrationRules } from '../domain/registration.ts'
import type { ChannelLimits, TooMany, ZeropushRegistry } from '../store/zeropush-registry.ts'
import type { Events } from '../telemetry/events.ts'

export interface RegisterZeropushDependencies {
  registry: Pick<ZeropushRegistry, 'register'>
  rules: ReadonlyMap<ProviderName, RegistrationRules>
  events: Events
  clock: Pick<Clock, 'now'>
}

export interface ZeropushDeviceCommand extends ChannelLimits {
  token: string
  /** As the caller's credential is named; where it is not configured, as the relay is set up. */
  environment: string | undefined
  channels: readonly string[]
}

export type ZeropushDeviceResult =
  | 'created'
  | 'refreshed'
  | TooMany
  /** No provider that is on has such tokens. */
  | 'invalid-token'
  /** None is on that this API ever served. */
  | 'no-provider'

/** The service sent to Apple and Google. A token of Apple's is hexadecimal, and no other is. */
const APPLE = 'apns'
const GOOGLE = 'fcm'
const APPLE_TOKEN = /^(?:[0-9a-f]{2}){32,}$/

/** Registers a device under no account: it moves nobody's registration. Nothing is written when its provider refuses it. */
export function createRegisterZeropushDevice({
  registry,
  rules,
  events,
  clock,
}: RegisterZeropushDependencies) {
  return async (command: ZeropushDeviceCommand): Promise<ZeropushDeviceResult> => {
    const { token, environment, ...channels } = command
    const provider = providerOf(token, rules)
    if (provider === undefined) return rules.has(APPLE) || rules.has(GOOGLE) ? 'invalid-token' : 'no-provider'
    const check = checked(provider, token, environment, rules)
    if (check === undefined) return 'invalid-token'
    const { app, environment: checkedEnvironment, environmentSource } = check
    const result = await registry.register({
      token,
      provider,
      app,
      environment: checkedEnvironment,
      environmentSource,
      ...channels,
      at: clock.now(),
    })
    if (isDone(result)) events.emit('registration.changed', { change: result })
    return result
  }
}

function isDone(result: 'created' | 'refreshed' | TooMany): result is 'created' | 'refreshed' {
  return result === 'created' || result === 'refreshed'
}

export type RegisterZeropushDevice = ReturnType<typeof createRegisterZeropushDevice>

function providerOf(token: string, rules: RegisterZeropushDependencies['rules']): ProviderName | undefined {
  if (APPLE_TOKEN.test(token) && rules.has(APPLE)) return APPLE
  return rules.has(GOOGLE) ? GOOGLE : undefined
}

function checked(
  provider: ProviderName,
  token: string,
  environment: string | undefined,
  rules: RegisterZeropushDependencies['rules'],
): (RegistrationCheck & { ok: true }) | undefined {
  const check = (hint: object) => rules.get(provider)?.check({ provider, address: { token }, ...hint })
  const hinted = environment === undefined ? undefined : check({ environment })
  const result = hinted?.ok ? hinted : check({})
  return result?.ok ? result : undefined
}
