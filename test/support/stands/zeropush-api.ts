import { randomBytes } from 'node:crypto'
import { systemClock } from '../../../src/domain/clock.ts'
import { zeropushRecipient } from '../../../src/domain/zeropush-recipient.ts'
import type { HttpAnswer, ReceivedRequest } from '../../../src/simulator/http-fault.ts'
import { startHttpSimulator } from '../../../src/simulator/http-simulator.ts'
import { createTestApp, type TestApp } from '../test-app.ts'
import { createAnnouncer, httpStandIn } from './http-stand.ts'
import type { Stand } from './stand.ts'
import { zeropushAnswer, zeropushStand, zeropushWords } from './zeropush.ts'

const SERVER_TOKEN = 'SecretServerTokenOfOurOwn0'

/**
 * The relay's own ZeroPush API in the place of the service. In front of it stands a simulator that only passes on, so that
 * faults can strike. A device has received what was handed to the dispatcher.
 */
export const zeropushApiStand: Stand = {
  ...zeropushStand,
  bodyOf(shown, { title, body, ...rest }) {
    const text = zeropushStand.bodyOf?.(shown, { title: withoutNul(title), body, ...rest }) ?? ''
    return Array.from({ length: text.length }, (_, index) =>
      body[index] === '\0' && text[index] === '\ufffd' ? '\0' : text[index],
    ).join('')
  },
  async start(t, clock) {
    const { tell, onReceived } = createAnnouncer()
    const tokens = new Map<string, string>()
    /** What the test has done to devices: it is made up for when a request comes. */
    const changes: ((app: TestApp) => Promise<void>)[] = []
    let app: Promise<TestApp> | undefined
    let working: Promise<unknown> = Promise.resolve()
    let told = 0

    /** Most tests never ask it anything. */
    function start(): Promise<TestApp> {
      return createTestApp(t, {
        // Its timers are its own: the test's stand still, and only delay answers.
        clock: { ...clock, after: systemClock.after },
        config: { zeropush: { serverTokens: [SERVER_TOKEN], appTokens: [] } },
      })
    }

    async function change(): Promise<TestApp> {
      app ??= start()
      const started = await app
      for (const make of changes.splice(0)) await make(started)
      return started
    }

    async function answer(request: ReceivedRequest, changed: Promise<TestApp>): Promise<HttpAnswer> {
      const started = await changed
      const said = await passOn(started, request)
      for (const { content } of started.handedOff.slice(told)) {
        told += 1
        const token = tokens.get(content.recipient) ?? ''
        tell({ id: chatId(content.direct?.info), address: { token }, text: content.body ?? '' })
      }
      return said
    }

    let changed = Promise.resolve<unknown>(undefined)
    function respond(request: ReceivedRequest): Promise<HttpAnswer> {
      const next = changed.then(change)
      changed = next
      const answering = answer(request, next)
      working = Promise.allSettled([working, answering])
      return answering
    }

    const simulator = await startHttpSimulator({ respond, clock })
    t.after(() => simulator.close())
    return {
      ...httpStandIn(simulator, zeropushWords(clock)),
      onReceived,
      secrets: [SERVER_TOKEN],
      environment: ({ url = simulator.url, credential } = {}) => ({
        RELAY_ZEROPUSH_URL: `${url}/zeropush`,
        RELAY_ZEROPUSH_TOKEN: credential === 'wrong' ? 'OfSomebodyElse' : SERVER_TOKEN,
      }),
      newAddress() {
        const token = randomBytes(32).toString('hex')
        tokens.set(zeropushRecipient(token), token)
        changes.push(started => register(started, token))
        return { token }
      },
      kill({ token }) {
        changes.push(started => markDead(started, String(token)))
      },
      wording: zeropushAnswer,
      async quiet() {
        await working
      },
    }
  },
}

/** The API takes no NUL: it stands for it with the sign for what cannot be shown. */
function withoutNul(text: string): string {
  return text.replaceAll('\0', '\ufffd')
}

function chatId(info: unknown): string | undefined {
  const { chat } = info as { chat: { id: string } }
  return chat.id
}

async function passOn(app: TestApp, request: ReceivedRequest): Promise<HttpAnswer> {
  const { method, path, headers, body } = request
  const {
    statusCode,
    headers: said,
    rawPayload,
  } = await app.http.inject({
    method: method as 'POST',
    url: path,
    headers: { ...headers } as Record<string, string>,
    payload: body,
  })
  const type = String(said['content-type'] ?? '')
  return { status: statusCode, headers: { 'content-type': type }, body: rawPayload }
}

async function register(app: TestApp, token: string): Promise<void> {
  await call(app, 'register', { device_token: token })
}

/** As Apple's answer to a push would. */
async function markDead(app: TestApp, token: string): Promise<void> {
  await call(app, 'notify', { device_tokens: [token], sound: 'default' })
  const message = app.handedOff.pop()
  const recipient = zeropushRecipient(token)
  const [registration] = await app.store.registrations(recipient)
  if (message === undefined || registration === undefined) throw new Error('the device is not registered')
  const { device, kind, provider, app: topic, version, registeredAt } = registration
  const record = { id: message.id, device, kind, provider, app: topic, state: 'unregistered' } as const
  const effect = { kind: 'unregistered', version, since: registeredAt, reason: 'Unregistered' } as const
  await app.store.settle({
    messageId: message.id,
    recipient,
    round: 'first',
    at: registeredAt + 1,
    results: [{ record: { ...record, attemptCount: 1, crashCount: 0, attempts: [] }, effect }],
  })
}

async function call(app: TestApp, name: string, payload: object): Promise<void> {
  const headers = { authorization: `Token token="${SERVER_TOKEN}"` }
  const { statusCode } = await app.http.inject({ method: 'POST', url: `/zeropush/${name}`, headers, payload })
  if (statusCode !== 200) throw new Error(`${name}: ${statusCode}`)
}
