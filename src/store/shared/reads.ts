import type { Registration, RegistrationKey } from '../../domain/registration.ts'
import type { MessageQuery, MessageSummary, MessageTrace, OutboxStats, WaitingScope } from '../store.ts'
import type { Listed, Page, TargetQuery, ZeropushDevice, ZeropushTarget } from '../zeropush-registry.ts'

/** What whoever only looks can ask, beside the connection that writes. */
export interface Reads extends ZeropushReads {
  registrations(recipient: string): Registration[]
  registration(key: RegistrationKey): Registration | undefined
  message(id: string): MessageTrace | undefined
  messages(query: MessageQuery): MessageSummary[]
  outbox(): OutboxStats
  hasUnbegun(): boolean
  waitingScopes(): WaitingScope[]
  secret(name: string): string | undefined
  provenScopes(): string[]
}

export interface ZeropushReads {
  zeropushDevice(token: string): ZeropushDevice | undefined
  zeropushDevices(page: Page): Listed<ZeropushDevice>
  zeropushInactive(page: Page & { since: number }): Listed<ZeropushDevice>
  zeropushChannels(page: Page): Listed<string>
  zeropushTokensIn(query: { channel: string; limit: number }): string[]
  zeropushNamed(tokens: readonly string[]): ZeropushTarget[]
  zeropushTargets(query: TargetQuery): ZeropushTarget[]
}

export type ReadName = keyof Reads
export type Read = <N extends ReadName>(
  name: N,
  argument?: Parameters<Reads[N]>[0],
) => Promise<ReturnType<Reads[N]>>
