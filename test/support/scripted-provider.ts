import { EventEmitter, once } from 'node:events'
import type { Outcome } from '../../src/domain/outcome.ts'
import type { Registration } from '../../src/domain/registration.ts'
import type { Provider, Push } from '../../src/providers/provider.ts'

export type Script = (push: Push) => Outcome | Promise<Outcome>

/** A provider that answers as a test says and remembers what it was asked. */
export class ScriptedProvider implements Provider {
  readonly name = 'apns'
  readonly rules = {
    hasOneOwner: true,
    check: () => ({ ok: false, code: 'token', message: 'not used here' }) as const,
  }
  readonly offer = { apps: ['com.example.chat'], environments: ['production'] } as const
  readonly remembersProof = true
  /** Attempts at once in one scope. */
  limit = 1000
  readonly pushes: Push[] = []
  otherEnvironments: Record<string, string> = {}
  script: Script
  readonly #events = new EventEmitter()

  constructor(script: Script = () => ({ kind: 'accepted', status: 200 })) {
    this.script = script
  }

  scopesOf({ environment, app }: Registration): readonly [string, string] {
    return [`apns/K/${environment}`, `apns/K/${environment}/${app}`]
  }

  otherEnvironment({ environment }: Registration): string | undefined {
    return this.otherEnvironments[environment]
  }

  async send(push: Push): Promise<Outcome> {
    this.pushes.push(push)
    this.#events.emit('push')
    return this.script(push)
  }

  capacity(): number {
    return this.limit
  }

  onCapacity(listener: (scope: string) => void): void {
    this.#events.on('capacity', listener)
  }

  /** As a provider whose connections take more than before. */
  raiseLimit(limit: number, scope: string): void {
    this.limit = limit
    this.#events.emit('capacity', scope)
  }

  health() {
    return { connection: 'idle', simulated: false } as const
  }

  async close(): Promise<void> {}

  /** Resolves once `count` pushes have been asked for in all. */
  async pushed(count: number): Promise<void> {
    while (this.pushes.length < count) await once(this.#events, 'push')
  }
}
