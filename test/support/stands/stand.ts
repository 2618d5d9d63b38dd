import type { TestContext } from 'node:test'
import type { Clock } from '../../../src/domain/clock.ts'
import type { Notification } from '../../../src/domain/notification.ts'
import type { Push } from '../../../src/providers/provider.ts'
import type { ProviderDefinition } from '../../../src/providers/provider-definition.ts'
import type { ServerIdentity } from '../../../src/simulator/certificate.ts'
import type { RudeAnswer } from '../rude-server.ts'

/** What differs between providers, and their simulators, when all are put to the same test. */
export interface Stand {
  readonly definition: ProviderDefinition
  /** By what a device knows that it has received this before; undefined where the protocol has no place for it. */
  idOf(push: Push): string | undefined
  /** A status says that a push was taken, whatever the body; else it takes the provider's own words. */
  readonly acceptsByStatus: boolean
  /** Statuses that alone declare a token dead, whatever the body says. */
  readonly deadStatuses: readonly number[]
  /** Statuses that do so only in an answer of the provider's own form, whatever its words. */
  readonly deadWhenSaid: readonly number[]
  /**
   * What becomes of a push under another credential than ours. `misaddressed`: each token belongs to the credential that it
   * was made for. Undefined: there is none.
   */
  readonly wrongCredential: 'blocked' | 'misaddressed' | undefined
  /** What is shown of the message's text, where title and text are one. */
  bodyOf?(shown: string, notification: Notification): string
  /** Gone when the test ends. Delays are on this clock. */
  start(t: Pick<TestContext, 'after'>, clock: Clock): Promise<StandIn>
}

/** A provider's simulator, as every test can use it. */
export interface StandIn {
  /** Origin at which pushes arrive. */
  readonly url: string
  /** What a server needs to be trusted in its place; undefined where plain HTTP is spoken. */
  readonly identity: ServerIdentity | undefined
  /** Parts of our credential: none of them may ever be shown. */
  readonly secrets: readonly string[]
  /** Variables that make a relay use it, or the server at `url` in its place. Files that they name are there. */
  environment(changes?: { url?: string; credential?: 'wrong' }): Readonly<Record<string, string>>
  /** What `PUT /v1/devices/{device}` carries for a device that has not been before. */
  newAddress(url?: string): Readonly<Record<string, unknown>>
  /** Hears what comes to devices, also what is answered wrongly afterwards, before `until` looks. */
  onReceived(listener: (received: Received) => void): void
  /** Pushes that it has read, whatever became of them. */
  requests(): number
  openConnections(): number
  /** Looks after every request, answer, connection and its end; rejects when the stand-in is closed first. */
  until(predicate: () => boolean): Promise<void>
  /** From now on the token of this address is dead. */
  kill(address: Readonly<Record<string, unknown>>): void | Promise<void>
  /** What the next push meets, once. */
  next(mishap: Mishap): void
  /** What every push meets until `calm`. */
  always(mishap: Mishap): void
  calm(): void
  /** An answer as the provider words it, with this word in the place of its reason. */
  wording(status: number, word: string): RudeAnswer
  /** Asks its clients to leave: what is under way is answered, and what comes next needs another connection. */
  drain(): void
  /** Nobody listens any more, and every connection is cut. */
  vanish(): Promise<void>
  /** Listens again, at the same address. */
  comeBack(): Promise<void>
}

export interface Received {
  /** As `idOf` has it. */
  id: string | undefined
  address: Readonly<Record<string, unknown>>
  /** What is shown of the message. */
  text: string
}

export type Mishap =
  | { kind: 'bad-message' }
  /** Too many requests; `seconds`: how long to wait, else it does not say. */
  | { kind: 'wait'; seconds?: number }
  /** Answers, and shows it to the device, only after DELAY_MS of its clock. */
  | { kind: 'delay' }
  /** Takes the request and never answers. */
  | { kind: 'hang' }
  /** The connection breaks after the request was read; `received`: and after the device had it. */
  | { kind: 'reset'; received: boolean }

export const DELAY_MS = 1000
