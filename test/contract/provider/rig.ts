import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { readFileSync } from 'node:fs'
import type { TestContext } from 'node:test'
import { Problems } from '../../../src/config/problems.ts'
import { Reading } from '../../../src/config/reading.ts'
import { systemClock } from '../../../src/domain/clock.ts'
import { newMessageId } from '../../../src/domain/message-id.ts'
import { buildNotification, type Notification } from '../../../src/domain/notification.ts'
import type { MessageContent } from '../../../src/domain/offline-message.ts'
import type { Outcome } from '../../../src/domain/outcome.ts'
import type { Registration } from '../../../src/domain/registration.ts'
import type { Provider, Push } from '../../../src/providers/provider.ts'
import type { ProviderParts } from '../../../src/providers/provider-definition.ts'
import { FakeClock } from '../../support/fake-clock.ts'
import { aRegistration } from '../../support/registrations.ts'
import { type RudeOptions, type RudeServer, startRudeServer } from '../../support/rude-server.ts'
import { secretsIn } from '../../support/secrets.ts'
import { DELAY_MS, type Received, type Stand, type StandIn } from '../../support/stands/stand.ts'
import { assertWellFormed, createWitness } from './witness.ts'

export interface Rig {
  provider: Provider
  standIn: StandIn
  /** What came to devices, oldest first. */
  received: readonly Received[]
  /** The provider's. */
  clock: FakeClock
  /** Words that it did not know. */
  unknown: string[]
  /** What it told of its connections. */
  connections: string[]
  /** A device that has not been before, and the address that it was registered with. */
  device(): Device
  /** A push for a new device, or for this one. */
  push(changes?: Partial<Push>): Push
  /** As the provider's `send`; sees to it that the outcome is well formed and shows no secret. */
  send(push?: Push): Promise<Outcome>
  /** Resolves when the stand-in holds an answer back. */
  holdsOne(): Promise<void>
  answerHeld(): void
}

export interface Device {
  address: Readonly<Record<string, unknown>>
  registration: Registration
}

export interface RigOptions {
  credential?: 'wrong'
  /** Starts what the provider is to speak to instead of the stand-in, and answers its origin. */
  inItsPlace?: (standIn: StandIn) => Promise<string>
}

/** What messages of the contract say; no provider may repeat it. */
export const SECRET_TEXT = 'Xyzzy-Geheimtext'

/** The provider as its variables make it, and its stand-in; both are gone when the test ends. */
export async function startRig(t: TestContext, stand: Stand, options: RigOptions = {}): Promise<Rig> {
  // A whole second, for protocols that know no other instants.
  const clock = new FakeClock(Math.ceil(systemClock.now() / 1000) * 1000)
  // The time of both is one, but not their timers: what is left over after a close is then the provider's.
  const standInClock = new FakeClock()
  const holds = Promise.withResolvers<void>()
  const standIn = await stand.start(t, {
    ...clock,
    after(delayMs, callback) {
      const cancel = standInClock.after(delayMs, callback)
      holds.resolve()
      return cancel
    },
  })
  const received: Received[] = []
  standIn.onReceived(one => received.push(one))
  const url = await options.inItsPlace?.(standIn)
  const witness = createWitness([SECRET_TEXT, ...standIn.secrets])
  const unknown: string[] = []
  const connections: string[] = []
  const provider = createProvider(stand, {
    environment: standIn.environment({
      ...(url === undefined ? {} : { url }),
      ...(options.credential === undefined ? {} : { credential: options.credential }),
    }),
    clock,
    report: {
      unknownReason(status, reason) {
        witness.see(status, reason)
        unknown.push(reason)
      },
      connection(scope, state, reason) {
        witness.see(scope, state, reason)
        connections.push(state)
      },
    },
  })
  t.after(() => provider.close())

  function device(): Device {
    const address = standIn.newAddress(url)
    const check = provider.rules.check({ provider: provider.name, address })
    assert.ok(check.ok, 'the stand-in makes good addresses')
    const { ok: _, ...checked } = check
    witness.hide(check.token, ...textsIn(address))
    return { address, registration: aRegistration({ provider: provider.name, ...checked }) }
  }

  function push(changes: Partial<Push> = {}): Push {
    return {
      deliveryId: randomUUID(),
      registration: changes.registration ?? device().registration,
      notification: aNotification(),
      expiresAt: clock.now() + 3_600_000,
      scopeProven: false,
      ...changes,
    }
  }

  async function send(pushed = push()): Promise<Outcome> {
    const scopes = provider.scopesOf(pushed.registration)
    const outcome = await provider.send(pushed)
    witness.see(outcome, provider.health(), scopes)
    assertWellFormed(outcome, scopes, clock.now())
    return outcome
  }

  const holdsOne = () => holds.promise
  const answerHeld = () => standInClock.advance(DELAY_MS)
  return {
    provider,
    standIn,
    received,
    clock,
    unknown,
    connections,
    device,
    push,
    send,
    holdsOne,
    answerHeld,
  }
}

export interface RudeRig extends Rig {
  rude: RudeServer
  /** What becomes of a push that is answered like this. */
  answered(answer: RudeServer['answer']): Promise<Outcome>
}

/** The provider speaks to a server that answers as the test says. */
export async function startRudeRig(
  t: TestContext,
  stand: Stand,
  options: Omit<RudeOptions, 'identity'> = {},
): Promise<RudeRig> {
  const { promise, resolve } = Promise.withResolvers<RudeServer>()
  const rig = await startRig(t, stand, {
    async inItsPlace({ identity }) {
      const rude = await startRudeServer(t, { identity, ...options })
      resolve(rude)
      return rude.url
    },
  })
  const rude = await promise
  return {
    ...rig,
    rude,
    answered(answer) {
      rude.answer = answer
      return rig.send()
    },
  }
}

/** Longest that an attempt may take, all of its steps together, on the provider's clock. */
const DEADLINE_MS = 60_000
const STEP_MS = 500

/** The outcome, while the provider's time passes; fails when there is none in time. To be asked once a request is under way. */
export async function beforeDeadline(clock: FakeClock, sending: Promise<Outcome>): Promise<Outcome> {
  let isOver = false
  const over = sending.finally(() => {
    isOver = true
  })
  for (let passed = 0; !isOver && passed < DEADLINE_MS; passed += STEP_MS) {
    clock.advance(STEP_MS)
    await turn()
  }
  assert.ok(isOver, `no outcome within ${DEADLINE_MS} ms`)
  return over
}

/** All that the event loop has to do already is done. */
export async function turn(): Promise<void> {
  for (let phase = 0; phase < 5; phase++) await new Promise(resolve => setImmediate(resolve))
}

export function aNotification(changes: Partial<MessageContent> = {}): Notification {
  const content = {
    recipient: 'bob@localhost',
    sender: 'alice@localhost',
    type: 'chat',
    body: SECRET_TEXT,
    encrypted: false,
    ...changes,
  } as const
  const settings = { preview: 'full', previewText: 'New message', hashKey: 'k' } as const
  return buildNotification(newMessageId(), content, 'full', settings)
}

interface Parts extends Omit<ProviderParts, 'secrets'> {
  environment: Readonly<Record<string, string>>
}

export function createProvider(stand: Stand, { environment, ...parts }: Parts): Provider {
  const config = configOf(stand, environment)
  return stand.definition.create(config, { ...parts, secrets: secretsIn() })
}

/** What the definition makes of these variables, which must be good. */
export function configOf({ definition }: Stand, environment: Readonly<Record<string, string>>): unknown {
  const problems = new Problems()
  const sources = { readFile: (path: string) => readFileSync(path), now: systemClock.now }
  const config = definition.readConfig(
    new Reading(definition.variables, { env: environment, sources, problems }),
  )
  assert.deepEqual(problems.lines, [])
  return config
}

/** Every text in it, however deep. */
function textsIn(value: unknown): string[] {
  if (typeof value === 'string') return [value]
  return typeof value === 'object' && value !== null ? Object.values(value).flatMap(textsIn) : []
}
