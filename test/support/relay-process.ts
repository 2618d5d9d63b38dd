import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Readable } from 'node:stream'
import {
  type ApnsSimulator,
  type ApnsSimulatorOptions,
  type SimulatorEvents,
  startApnsSimulator,
} from '../../src/simulator/apns/apns-simulator.ts'
import { loadSimulatorFiles } from '../../src/simulator/apns/simulator-files.ts'
import { Lines } from './lines.ts'
import { freePorts } from './ports.ts'

const BIN = join(import.meta.dirname, '../../bin/push-relay.mjs')
export const TOPIC = 'com.example.chat'
export const HOOK_TOKEN = 'hook-0123456789abcdef'
export const ADMIN_TOKEN = 'admin-0123456789abcdef'

export type Shown = SimulatorEvents['push'][1]

/** A simulated Apple in this process, for one relay or for several. */
export interface Apple {
  simulator: ApnsSimulator
  folder: string
  /** What a relay must be told of it. */
  variables: Record<string, string>
  close(): Promise<void>
}

export async function startApple(options: Partial<ApnsSimulatorOptions> = {}): Promise<Apple> {
  const folder = mkdtempSync(join(tmpdir(), 'push-relay-e2e-'))
  const { identity, key, caFile, keyFile } = await loadSimulatorFiles(folder)
  const simulator = await startApnsSimulator({ keys: [key], identity, topics: [TOPIC], ...options })
  const variables = {
    RELAY_APNS_TOPICS: TOPIC,
    RELAY_APNS_KEY_FILE: keyFile,
    RELAY_APNS_KEY_ID: key.keyId,
    RELAY_APNS_TEAM_ID: key.teamId,
    RELAY_APNS_URL: simulator.url,
    RELAY_APNS_CA_FILE: caFile,
  }
  const close = async () => {
    await simulator.close()
    rmSync(folder, { recursive: true, force: true })
  }
  return { simulator, folder, variables, close }
}

/** The relay as operators run it, in its own process. */
export class RelayProcess {
  readonly url: string
  readonly simulator: ApnsSimulator
  readonly #apple: Apple
  readonly #env: NodeJS.ProcessEnv
  readonly #output: string[] = []
  #process: ChildProcess | undefined
  #isNode = false

  private constructor(port: number, apple: Apple, extra: Record<string, string>) {
    this.url = `http://127.0.0.1:${port}`
    this.simulator = apple.simulator
    this.#apple = apple
    this.#env = {
      PATH: process.env.PATH,
      RELAY_HOST: '127.0.0.1',
      RELAY_PORT: String(port),
      RELAY_HOOK_TOKENS: `${HOOK_TOKEN}=localhost`,
      RELAY_ADMIN_TOKENS: ADMIN_TOKEN,
      RELAY_STORE: `sqlite:${this.databasePath}`,
      ...apple.variables,
      ...extra,
    }
  }

  /** Alone, with an Apple of its own. */
  static async start(extra: Record<string, string> = {}): Promise<RelayProcess> {
    const [port] = (await freePorts(1)) as [number]
    const relay = new RelayProcess(port, await startApple(), extra)
    await relay.run()
    return relay
  }

  /** One of several that share a database and an Apple, which others close. Not running yet. */
  static node(port: number, apple: Apple, extra: Record<string, string>): RelayProcess {
    const node = new RelayProcess(port, apple, extra)
    node.#isNode = true
    return node
  }

  get databasePath(): string {
    return join(this.#apple.folder, 'relay.db')
  }

  /** All that its processes have printed. */
  get output(): string {
    return this.#output.join('')
  }

  /** What a second process needs to run beside this one. */
  get environment(): NodeJS.ProcessEnv {
    return this.#env
  }

  async run(): Promise<void> {
    // An empty working directory: no .env is read.
    const relay = spawn(process.execPath, [BIN, 'serve'], {
      cwd: this.#apple.folder,
      env: this.#env,
      stdio: 'pipe',
    })
    this.#process = relay
    for (const stream of [relay.stdout, relay.stderr])
      stream.on('data', chunk => this.#output.push(String(chunk)))
    await new Lines(relay.stdout as Readable, relay.stderr as Readable).waitFor(this.url)
  }

  /** Answers the exit code; null when the signal ended it. */
  async kill(signal: 'SIGTERM' | 'SIGKILL' = 'SIGKILL'): Promise<number | null> {
    const relay = this.#process
    if (relay === undefined || relay.exitCode !== null || relay.signalCode !== null) return null
    relay.kill(signal)
    const [code] = await once(relay, 'exit')
    return code
  }

  /** Stops it in the middle of whatever it does, as a machine that is suspended. */
  freeze(): void {
    this.#process?.kill('SIGSTOP')
  }

  thaw(): void {
    this.#process?.kill('SIGCONT')
  }

  async close(): Promise<void> {
    await this.kill()
    if (!this.#isNode) await this.#apple.close()
  }

  /** Registers a phone of a new token for this account, as an app would through an operator. */
  async registerPhone(recipient: string): Promise<Phone> {
    const token = Buffer.from(crypto.getRandomValues(new Uint8Array(32))).toString('hex')
    const body = JSON.stringify({ recipient, provider: 'apns', token })
    const device = `phone-${token.slice(0, 8)}`
    const { status } = await this.request('PUT', `/v1/devices/${device}`, body)
    if (status !== 201) throw new Error(`registration: ${status}`)
    return new Phone(this.simulator, token, device)
  }

  async devices(recipient: string): Promise<unknown[]> {
    const response = await this.request('GET', `/v1/devices?recipient=${encodeURIComponent(recipient)}`)
    return ((await response.json()) as { devices: unknown[] }).devices
  }

  async messages(recipient: string): Promise<{ id: string; state: string; reason?: string }[]> {
    const response = await this.request('GET', `/v1/messages?recipient=${encodeURIComponent(recipient)}`)
    return ((await response.json()) as { messages: { id: string; state: string; reason?: string }[] })
      .messages
  }

  request(method: string, path: string, body?: string): Promise<Response> {
    const headers = { authorization: `Bearer ${ADMIN_TOKEN}`, 'content-type': 'application/json' }
    return fetch(this.url + path, { method, headers, ...(body === undefined ? {} : { body }) })
  }
}

/** What one simulated phone shows. */
export class Phone {
  readonly #simulator: ApnsSimulator
  readonly token: string
  readonly device: string

  constructor(simulator: ApnsSimulator, token: string, device: string) {
    this.#simulator = simulator
    this.token = token
    this.device = device
  }

  get shown(): Shown[] {
    return this.#simulator.phones.phone(this.token).notifications
  }

  /** Resolves when a notification for the stanza with this id has come. */
  async shows(stanzaId: string): Promise<Shown> {
    const find = () => this.shown.find(({ custom }) => chat(custom).stanzaId === stanzaId)
    await this.#simulator.until(() => find() !== undefined)
    return find() as Shown
  }

  get stanzaIds(): unknown[] {
    return this.shown.map(({ custom }) => chat(custom).stanzaId)
  }
}

export function chat(custom: Record<string, unknown>): Record<string, unknown> {
  return custom.chat as Record<string, unknown>
}
