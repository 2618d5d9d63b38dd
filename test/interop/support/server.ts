import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { ServerIdentity } from '../../../src/simulator/certificate.ts'
import { freePorts } from '../../support/ports.ts'
import { ContainedProcess } from './contained-process.ts'
import { FILES, type Place, type ServerKind, type Wishes } from './server-kind.ts'

/** One server of others on loopback, in a folder of its own, in front of the backend. */
export class Server {
  readonly kind: ServerKind
  readonly place: Place
  readonly #wishes: Wishes
  #generation = 1
  #process: ContainedProcess

  private constructor(kind: ServerKind, place: Place, wishes: Wishes) {
    this.kind = kind
    this.place = place
    this.#wishes = wishes
    this.#process = this.#run()
  }

  static async start(
    kind: ServerKind,
    {
      identity,
      backendPort,
      wishes = {},
    }: { identity: ServerIdentity; backendPort: number; wishes?: Wishes },
  ): Promise<Server> {
    const [port, adminPort] = (await freePorts(2)) as [number, number]
    const folder = mkdtempSync(join(tmpdir(), `push-relay-${kind.name}-`))
    writeIdentity(folder, identity)
    const server = new Server(kind, { folder, port, adminPort, backendPort }, wishes)
    try {
      await server.#ready()
    } catch (error) {
      await server.stop()
      throw error
    }
    return server
  }

  get origin(): string {
    return `https://localhost:${this.place.port}`
  }

  get generation(): string {
    return String(this.#generation)
  }

  /** For a test that fails. */
  get output(): string {
    return this.#process.output.all.join('\n')
  }

  /** Graceful, with a configuration that differs by its generation. */
  async reload(): Promise<void> {
    this.#generation += 1
    const { text } = this.#configure()
    const { reload } = this.kind
    if (typeof reload === 'string') await this.#process.signal(reload)
    else await reload(this.place, text)
  }

  /** kill -9 of all its processes. */
  kill(): Promise<void> {
    return this.#process.kill()
  }

  /** All its processes stand still, and the kernel goes on taking connections for it. */
  freeze(): void {
    this.#process.freeze()
  }

  thaw(): void {
    this.#process.thaw()
  }

  /** After `kill`, at the same address. */
  async restart(): Promise<void> {
    this.#process = this.#run()
    await this.#ready()
  }

  async stop(): Promise<void> {
    await this.kill()
    rmSync(this.place.folder, { recursive: true, force: true })
  }

  #run(): ContainedProcess {
    return new ContainedProcess(this.#configure().command, this.place.folder)
  }

  async #ready(): Promise<void> {
    await this.#process.output.waitFor(this.kind.ready)
  }

  #configure() {
    const configuration = this.kind.configure(this.place, this.#wishes, this.#generation)
    writeFileSync(join(this.place.folder, configuration.file), configuration.text)
    return configuration
  }
}

export function writeIdentity(folder: string, { certificate, privateKey, ca }: ServerIdentity): void {
  mkdirSync(join(folder, 'temporary'))
  const write = (name: string, text: string) => writeFileSync(join(folder, name), text, { mode: 0o600 })
  write(FILES.certificate, certificate)
  write(FILES.key, privateKey)
  write(FILES.authority, ca)
  write(FILES.both, `${certificate.trim()}\n${privateKey}`)
}
