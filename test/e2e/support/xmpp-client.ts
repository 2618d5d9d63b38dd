import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import type { Readable, Writable } from 'node:stream'
import { Lines } from '../../support/lines.ts'
import { PYTHON } from './requirements.ts'

export interface XmppAccount {
  jid: string
  password: string
  port: number
  /** With stream management: when its connection dies, its session hibernates. `silent`: it acknowledges nothing. */
  resumable?: boolean | 'silent'
}

/** An XMPP session of a real client in its own process. */
export class XmppClient {
  #process: ChildProcess
  #lines: Lines
  #labels = 0

  private constructor(account: XmppAccount) {
    const flags = account.resumable ? ['resumable', String(account.resumable)] : []
    const [wrapper, script] = ['die_with_parent.py', 'xmpp_client.py'].map(name =>
      join(import.meta.dirname, name),
    )
    const args = [
      wrapper as string,
      PYTHON,
      script as string,
      account.jid,
      account.password,
      String(account.port),
      ...flags,
    ]
    this.#process = spawn(PYTHON, args, { stdio: 'pipe' })
    this.#lines = new Lines(this.#process.stdout as Readable, this.#process.stderr as Readable)
  }

  static async connect(account: XmppAccount): Promise<XmppClient> {
    const client = new XmppClient(account)
    await client.#lines.waitFor('"started"')
    if (account.resumable) await client.#lines.waitFor('"resumable"')
    return client
  }

  /** Resolves when the server has handled the stanza, and thus has run its hooks: a ping behind it was answered. */
  async send(...stanzas: string[]): Promise<void> {
    for (const stanza of stanzas) this.#command({ send: stanza })
    await this.roundtrip()
  }

  async roundtrip(): Promise<void> {
    const label = `roundtrip-${++this.#labels}`
    this.#command({ roundtrip: label })
    await this.#lines.waitFor(label)
  }

  /** Waits for a message with this id to arrive. */
  async received(id: string): Promise<{ id: string; type: string; body: string }> {
    return JSON.parse(await this.#lines.waitFor(`"event": "message", "id": "${id}"`))
  }

  /** From now on it reads and acknowledges nothing, as a phone in a tunnel. */
  freeze(): void {
    this.#process.kill('SIGSTOP')
  }

  /** The connection dies without a farewell. */
  async kill(): Promise<void> {
    if (this.#process.exitCode !== null || this.#process.signalCode !== null) return
    this.#process.kill('SIGKILL')
    await once(this.#process, 'exit')
  }

  /** A proper logout. */
  async close(): Promise<void> {
    if (this.#process.exitCode !== null || this.#process.signalCode !== null) return
    ;(this.#process.stdin as Writable).end()
    await once(this.#process, 'exit')
  }

  #command(command: object): void {
    ;(this.#process.stdin as Writable).write(`${JSON.stringify(command)}\n`)
  }
}
