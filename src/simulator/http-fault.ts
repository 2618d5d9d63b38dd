import { type Armed, arm, isOver, type StrikeTiming, strikesNow } from './strikes.ts'

/** A whole request, as it came. */
export interface ReceivedRequest {
  method: string
  /** Without the query, nothing decoded. */
  path: string
  query: URLSearchParams
  /** As Node joins them; names in lower case. */
  headers: Readonly<Record<string, string | readonly string[] | undefined>>
  /** Names and values in turn, as they came. */
  rawHeaders: readonly string[]
  body: Buffer
  /** Whom it came from: an IP address. */
  address: string
  /** Instant. */
  at: number
}

export interface HttpAnswer {
  status: number
  headers?: Readonly<Record<string, string>>
  body?: string | Buffer
}

/** Which requests a fault strikes. */
export interface HttpFaultTarget extends StrikeTiming {
  /** Default: all. */
  when?: (request: ReceivedRequest) => boolean
  /** Waits before it acts. */
  delayMs?: number
  /** The request takes effect although its answer is the fault: the case in which a resend is a duplicate. */
  shown?: boolean
}

export type HttpFaultAction =
  | ({ action: 'answer' } & HttpAnswer)
  /** The answer comes later. */
  | { action: 'delay'; delayMs: number }
  /** No answer ever. */
  | { action: 'hang' }
  /** TCP reset. */
  | { action: 'reset' }
  /** The connection ends in order, without an answer. */
  | { action: 'drop' }
  /** The head and a part of the body; then the connection ends, or nothing more comes. */
  | ({ action: 'truncate' | 'stall' } & Partial<HttpAnswer>)

export type HttpFault = HttpFaultTarget & HttpFaultAction

export interface HttpFaults {
  /** Answers its id. Of several that fit a request the first strikes. */
  add(fault: HttpFault): number
  replace(faults: readonly HttpFault[]): void
  remove(id: number): boolean
  clear(): void
  list(): { id: number; fault: HttpFault; strikes: number }[]
  /** The fault that strikes this request. */
  strike(request: ReceivedRequest): HttpFault | undefined
}

export function createHttpFaults(faults: readonly HttpFault[] = []): HttpFaults {
  let nextId = 1
  const armedOf = (all: readonly HttpFault[]) => all.map(fault => arm(nextId++, fault))
  let armed: Armed<HttpFault>[] = armedOf(faults)
  return {
    add(fault) {
      armed = [...armed, ...armedOf([fault])]
      return nextId - 1
    },
    replace(all) {
      armed = armedOf(all)
    },
    remove(id) {
      const before = armed.length
      armed = armed.filter(fault => fault.id !== id)
      return armed.length < before
    },
    clear() {
      armed = []
    },
    list: () => armed.map(({ id, fault, strikes }) => ({ id, fault, strikes })),
    strike: request => armed.find(fault => fits(fault, request) && strikesNow(fault))?.fault,
  }
}

function fits(armed: Armed<HttpFault>, request: ReceivedRequest): boolean {
  return !isOver(armed) && (armed.fault.when?.(request) ?? true)
}
