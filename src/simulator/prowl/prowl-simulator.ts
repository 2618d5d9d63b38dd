import { systemClock } from '../../domain/clock.ts'
import type { HttpAnswer, ReceivedRequest } from '../http-fault.ts'
import { type HttpSimulator, type HttpSimulatorOptions, startHttpSimulator } from '../http-simulator.ts'
import { type Added, type ProwlNotification, readAdd } from './add-rules.ts'
import { type ProwlAnswer, refusal, success } from './answer.ts'
import { type CallLimits, type Calls, createCallLimits } from './call-limits.ts'

export interface ProwlSimulatorOptions extends Omit<HttpSimulatorOptions, 'respond' | 'refuse'> {
  /** Calls of an address in an hour; default 1000. */
  callLimit?: number
  /** Hears what comes to phones, when it comes. */
  onShown?(shown: ShownByProwl): void
}

export interface ShownByProwl extends ProwlNotification {
  key: string
}

/** A stand-in for api.prowlapp.com on loopback. README.md says what it refuses. Every key is a user's until it is revoked. */
export interface ProwlSimulator extends HttpSimulator {
  /** What came to phones, oldest first. */
  readonly shown: readonly ShownByProwl[]
  readonly refusals: readonly ProwlAnswer[]
  readonly calls: Pick<CallLimits, 'leave'>
  revoke(key: string): void
}

interface Taken extends Added {
  left: Calls
}

const CALL_LIMIT = 1000
/** Remembered of what phones show, and of refusals. */
const MEMORY = 10_000

export async function startProwlSimulator(options: ProwlSimulatorOptions = {}): Promise<ProwlSimulator> {
  const { callLimit = CALL_LIMIT, clock = systemClock, onShown, ...http } = options
  const shown: ShownByProwl[] = []
  const refusals: ProwlAnswer[] = []
  const revoked = new Set<string>()
  const calls = createCallLimits(callLimit, clock)
  const taken = new WeakMap<ReceivedRequest, Taken>()

  function judge({ method, path, headers, body, address }: ReceivedRequest): Taken | ProwlAnswer {
    const left = calls.count(address)
    if (left === undefined) return TOO_MANY_CALLS
    if (path !== '/publicapi/add') return refusal(404, 'Not found')
    const contentType = String(headers['content-type'] ?? '')
    const added = readAdd({ method, contentType, body }, key => !revoked.has(key))
    return 'status' in added ? added : { ...added, left }
  }

  function refuse(request: ReceivedRequest): HttpAnswer | undefined {
    const judged = judge(request)
    if (!('status' in judged)) {
      taken.set(request, judged)
      return undefined
    }
    remember(refusals, judged)
    return inXml(judged)
  }

  function respond(request: ReceivedRequest): HttpAnswer {
    const call = taken.get(request)
    if (call === undefined) throw new Error('a request that was not judged')
    for (const key of call.keys) {
      const one = { key, ...call.notification }
      remember(shown, one)
      onShown?.(one)
    }
    return inXml(success(call.left.remaining, call.left.resetAt))
  }

  const simulator = await startHttpSimulator({ clock, ...http, refuse, respond })
  return Object.assign(simulator, {
    shown,
    refusals,
    calls,
    revoke: (key: string) => void revoked.add(key.toLowerCase()),
  })
}

const TOO_MANY_CALLS = refusal(406, 'Not accepted, your IP address has exceeded the API limit.')

function inXml({ status, body }: ProwlAnswer): HttpAnswer {
  return { status, headers: { 'content-type': 'text/xml; charset=utf-8' }, body }
}

function remember<T>(list: T[], item: T): void {
  list.push(item)
  if (list.length > MEMORY) list.shift()
}
