import { systemClock } from '../../domain/clock.ts'
import type { HttpAnswer, ReceivedRequest } from '../http-fault.ts'
import { type HttpSimulator, type HttpSimulatorOptions, startHttpSimulator } from '../http-simulator.ts'
import { createDevices, type Device, type Devices } from './devices.ts'
import type { EndpointParts, Ready } from './endpoint.ts'
import type { ZeroPushNotification } from './notification.ts'
import { createQuota, type Quota } from './quota.ts'
import { type ErrorStyle, errorBody, isRefusal, type Refusal } from './refusal.ts'
import { inJson, judge, NO_SUCH_PAGE } from './service.ts'

export interface ZeroPushSimulatorOptions extends Omit<HttpSimulatorOptions, 'respond' | 'refuse'> {
  serverTokens: readonly string[]
  appTokens?: readonly string[]
  /** Default `newer`. */
  errorStyle?: ErrorStyle
  /** Pushes that the account may send; default a million. */
  pushQuota?: number
  /** Hears what comes to phones, when it comes. */
  onShown?(shown: Shown): void
}

/** What a phone shows. */
export interface Shown extends Omit<ZeroPushNotification, 'badge'> {
  token: string
  badge: number
}

/** A stand-in for ZeroPush on loopback. README.md says what it refuses. */
export interface ZeroPushSimulator extends HttpSimulator {
  /** What came to phones, oldest first. */
  readonly shown: readonly Shown[]
  readonly refusals: readonly Refusal[]
  readonly devices: Omit<Devices, 'setBadge'>
  readonly quota: Pick<Quota, 'leave'>
  /** Whether the account has a certificate; without one it sends nothing. */
  setConfigured(isConfigured: boolean): void
}

const MILLION = 1_000_000
/** Remembered of what phones show, and of refusals. */
const MEMORY = 10_000

export async function startZeroPushSimulator(options: ZeroPushSimulatorOptions): Promise<ZeroPushSimulator> {
  const {
    serverTokens,
    appTokens = [],
    errorStyle = 'newer',
    pushQuota = MILLION,
    onShown,
    ...http
  } = options
  const shown: Shown[] = []
  const refusals: Refusal[] = []
  const devices = createDevices()
  const quota = createQuota(pushQuota)
  let isConfigured = true
  const ready = new WeakMap<ReceivedRequest, Ready>()
  const parts: EndpointParts = {
    devices,
    quota,
    isConfigured: () => isConfigured,
    onPush(device, notification) {
      const one = view(device, notification)
      remember(shown, one)
      onShown?.(one)
    },
  }

  function refuse(request: ReceivedRequest): HttpAnswer | undefined {
    const judged = judge(request, { ...parts, serverTokens, appTokens })
    if (judged === 'page') return NO_SUCH_PAGE
    if (!isRefusal(judged)) {
      ready.set(request, judged)
      return undefined
    }
    remember(refusals, judged)
    // Whoever has no token does not hear of the account.
    const headers = judged.status === 401 ? {} : quota.headers()
    return inJson(judged.status, errorBody(judged, errorStyle), headers)
  }

  function respond(request: ReceivedRequest): HttpAnswer {
    const body = ready.get(request)?.perform()
    return inJson(200, body, quota.headers())
  }

  const simulator = await startHttpSimulator({ clock: systemClock, ...http, refuse, respond })
  return Object.assign(simulator, {
    shown,
    refusals,
    devices,
    quota,
    setConfigured(value: boolean) {
      isConfigured = value
    },
  })
}

function view({ token, badge }: Device, notification: ZeroPushNotification): Shown {
  return { ...notification, token, badge }
}

function remember<T>(list: T[], item: T): void {
  list.push(item)
  if (list.length > MEMORY) list.shift()
}
