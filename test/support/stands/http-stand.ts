import type { HttpAnswer, HttpFaultAction } from '../../../src/simulator/http-fault.ts'
import type { HttpSimulator } from '../../../src/simulator/http-simulator.ts'
import { DELAY_MS, type Mishap, type Received, type StandIn } from './stand.ts'

/** What a service answers to a mishap that it words itself. */
export interface Words {
  badMessage: HttpAnswer
  wait(seconds: number | undefined): HttpAnswer
}

/** The part of a stand-in that is the same for every simulator that speaks HTTP/1.1. */
export function httpStandIn(
  simulator: HttpSimulator,
  words: Words,
): Pick<
  StandIn,
  | 'url'
  | 'identity'
  | 'requests'
  | 'openConnections'
  | 'until'
  | 'next'
  | 'always'
  | 'calm'
  | 'drain'
  | 'vanish'
  | 'comeBack'
> {
  const faultOf = (mishap: Mishap) => toFault(mishap, words)
  return {
    url: simulator.url,
    identity: undefined,
    requests: () => simulator.stats().requests,
    openConnections: () => simulator.stats().connections.open,
    until: predicate => simulator.until(predicate),
    next: mishap => void simulator.faults.add({ ...faultOf(mishap), times: 1 }),
    always: mishap => void simulator.faults.add(faultOf(mishap)),
    calm: () => simulator.faults.clear(),
    drain: () => simulator.drainConnections(),
    async vanish() {
      simulator.refuseConnections()
      simulator.dropConnections()
    },
    comeBack: () => simulator.acceptConnections(),
  }
}

function toFault(mishap: Mishap, words: Words): HttpFaultAction & { shown?: boolean } {
  switch (mishap.kind) {
    case 'bad-message':
      return { action: 'answer', ...words.badMessage }
    case 'wait':
      return { action: 'answer', ...words.wait(mishap.seconds) }
    case 'delay':
      return { action: 'delay', delayMs: DELAY_MS }
    case 'hang':
      return { action: 'hang' }
    case 'reset':
      return { action: 'reset', shown: mishap.received }
  }
}

/** Passes on to whoever listens. */
export function createAnnouncer(): { tell(received: Received): void; onReceived: StandIn['onReceived'] } {
  const listeners: ((received: Received) => void)[] = []
  return {
    tell(received) {
      for (const listener of listeners) listener(received)
    },
    onReceived: listener => void listeners.push(listener),
  }
}
