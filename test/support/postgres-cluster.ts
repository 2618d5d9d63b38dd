import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import {
  chmodSync,
  chownSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { Client } from 'pg'
import { freePorts } from './ports.ts'

const PASSWORD = 'a secret: p@ss/word'
/** The last release of which we promise that it works. */
const FEWEST_MAJOR = 15

/** Where PostgreSQL's programs are: Debian does not put them into PATH. */
function findBinaries(): string | undefined {
  const debian = '/usr/lib/postgresql'
  const majors = existsSync(debian)
    ? readdirSync(debian)
        .map(Number)
        .filter(major => major >= FEWEST_MAJOR)
    : []
  const folders = majors.toSorted((a, b) => b - a).map(major => join(debian, String(major), 'bin'))
  return [...folders, ...(process.env.PATH ?? '').split(delimiter)].find(
    folder => existsSync(join(folder, 'initdb')) && existsSync(join(folder, 'postgres')),
  )
}

const BINARIES = findBinaries()

/** Why what needs PostgreSQL does not run here; false when it does. */
export const postgresSkip =
  BINARIES === undefined && `no PostgreSQL ${FEWEST_MAJOR} or newer (Debian: apt-get install postgresql)`

export interface ClusterOptions {
  /** Lines of postgresql.conf. */
  settings?: Record<string, string>
  /** In which it makes a directory of its own; the server's user must be able to reach it. */
  directory?: string
}

/**
 * A PostgreSQL of the test's own, in a temporary directory, on a free port of the loopback and on a socket in that directory.
 * It is started and stopped by us alone; as another user when we are root, whom PostgreSQL refuses.
 */
export class PostgresCluster {
  readonly port: number
  readonly #folder: string
  readonly #settings: Record<string, string>
  #server: ChildProcess | undefined
  #log = ''
  #databases = 0

  private constructor(folder: string, port: number, settings: Record<string, string>) {
    this.#folder = folder
    this.port = port
    this.#settings = settings
  }

  static async start({ settings = {}, directory = tmpdir() }: ClusterOptions = {}): Promise<PostgresCluster> {
    const folder = mkdtempSync(join(directory, 'push-relay-pg-'))
    const [port] = (await freePorts(1)) as [number]
    const cluster = new PostgresCluster(folder, port, settings)
    cluster.#create()
    await cluster.run()
    return cluster
  }

  /** The directory of the socket, which also is a host for clients. */
  get socketFolder(): string {
    return this.#folder
  }

  get log(): string {
    return this.#log
  }

  /** The process that clients are children of. */
  get pid(): number {
    return this.#server?.pid ?? 0
  }

  url(database = 'postgres'): string {
    return `postgres://relay:${encodeURIComponent(PASSWORD)}@127.0.0.1:${this.port}/${database}`
  }

  /** A new database; its URL. `like`: with all that is in that one, which nobody may be connected to. */
  async createDatabase(like = 'template1'): Promise<{ name: string; url: string }> {
    const name = `test_${++this.#databases}`
    await this.query(`CREATE DATABASE ${name} TEMPLATE ${like}`)
    return { name, url: this.url(name) }
  }

  /** As an operator would, on a connection of its own. */
  async query(text: string, database = 'postgres'): Promise<Record<string, unknown>[]> {
    const client = new Client({ connectionString: this.url(database) })
    await client.connect()
    try {
      return (await client.query(text)).rows
    } finally {
      await client.end()
    }
  }

  /** Starts the server and waits until it takes connections. */
  async run(): Promise<void> {
    const server = spawn(join(BINARIES ?? '', 'postgres'), ['-D', join(this.#folder, 'data')], {
      ...serverUser(),
      cwd: this.#folder,
      stdio: ['ignore', 'ignore', 'pipe'],
    })
    this.#server = server
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    server.stderr?.setEncoding('utf8').on('data', (text: string) => {
      this.#log += text
      if (text.includes('ready to accept connections')) resolve()
    })
    server.on('error', reject)
    // A test that breaks off must not leave it running.
    const end = () => server.kill('SIGQUIT')
    process.once('exit', end)
    server.on('exit', () => process.off('exit', end))
    server.on('exit', () => reject(new Error(`PostgreSQL did not start:\n${this.#log}`)))
    await promise
  }

  /** `fast` ends every connection and writes everything out; `immediate` is as a crash. */
  async stop(how: 'fast' | 'immediate' = 'fast'): Promise<void> {
    const server = this.#server
    this.#server = undefined
    if (server === undefined || server.exitCode !== null || server.signalCode !== null) return
    const exited = once(server, 'exit')
    server.kill(how === 'fast' ? 'SIGINT' : 'SIGQUIT')
    await exited
  }

  async restart(how: 'fast' | 'immediate' = 'fast'): Promise<void> {
    await this.stop(how)
    await this.run()
  }

  /** Stops it and removes all that it was. */
  async destroy(): Promise<void> {
    await this.stop('immediate')
    rmSync(this.#folder, { recursive: true, force: true })
  }

  #create(): void {
    const user = serverUser()
    chmodSync(this.#folder, 0o700)
    give(this.#folder, user)
    const data = join(this.#folder, 'data')
    const passwordFile = join(this.#folder, 'password')
    writeFileSync(passwordFile, PASSWORD)
    give(passwordFile, user)
    const args = [
      '-D',
      data,
      '-U',
      'relay',
      '--pwfile',
      passwordFile,
      '-E',
      'UTF8',
      '--locale=C',
      '-A',
      'scram-sha-256',
    ]
    // Only of the empty cluster: what is written later is written with fsync, as in earnest.
    args.push('--no-sync')
    execFileSync(join(BINARIES ?? '', 'initdb'), args, { ...user, cwd: this.#folder, stdio: 'ignore' })
    const settings = {
      listen_addresses: `'127.0.0.1'`,
      port: String(this.port),
      unix_socket_directories: `'${this.#folder}'`,
      shared_buffers: '64MB',
      fsync: 'on',
      ...this.#settings,
    }
    const lines = Object.entries(settings).map(([name, value]) => `${name} = ${value}\n`)
    writeFileSync(join(data, 'postgresql.conf'), lines.join(''), { flag: 'a' })
  }
}

function give(path: string, { uid, gid }: ReturnType<typeof serverUser>): void {
  if (uid !== undefined && gid !== undefined) chownSync(path, uid, gid)
}

/** PostgreSQL refuses to run as root. */
function serverUser(): { uid: number; gid: number } | Record<string, never> {
  if (process.getuid?.() !== 0) return {}
  const users = readFileSync('/etc/passwd', 'utf8')
    .split('\n')
    .map(line => line.split(':'))
  const entry = users.find(([name]) => name === 'postgres') ?? users.find(([name]) => name === 'nobody')
  return { uid: Number(entry?.[2]), gid: Number(entry?.[3]) }
}
