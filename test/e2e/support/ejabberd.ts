import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Readable } from 'node:stream'
import { Lines } from '../../support/lines.ts'
import { freePorts } from '../../support/ports.ts'
import { ejabberdYml } from './ejabberd-yml.ts'
import { type Installation, installation, PYTHON } from './requirements.ts'
import { XmppClient } from './xmpp-client.ts'

export const MODULE_SOURCES = join(import.meta.dirname, '../../../ejabberd/mod_push_relay')
const DIE_WITH_PARENT = join(import.meta.dirname, 'die_with_parent.py')
const PASSWORD = 'pw'
const BEAM_EXIT_MS = 15_000

export interface EjabberdOptions {
  /** Options of mod_push_relay; `compiled`: it is there, but not in use; `none`: it is not there. */
  module: Record<string, unknown> | 'compiled' | 'none'
  /** Seconds for which a session without a connection waits for its client. */
  resumeTimeout?: number
  /** Without a message archive ejabberd routes unacknowledged messages once more. */
  withoutArchive?: boolean
  loglevel?: 'info' | 'debug'
}

interface Ports {
  c2s: number
  api: number
  distribution: number
}

/**
 * Debian's ejabberd on loopback: private configuration and spool, free ports, no epmd, as whoever runs the tests.
 * The Erlang VM is our direct child and ends with us, so that nothing outlives a test.
 */
export class Ejabberd {
  readonly folder = mkdtempSync(join(tmpdir(), 'push-relay-ejabberd-'))
  readonly #ports: Ports
  readonly #debian: Installation
  #options: EjabberdOptions
  #process: ChildProcess | undefined
  #log: Lines | undefined
  #clients: XmppClient[] = []

  private constructor(ports: Ports, options: EjabberdOptions) {
    if (installation === undefined) throw new Error('no ejabberd here: see requirements.ts')
    this.#debian = installation
    this.#ports = ports
    this.#options = options
  }

  static async start(options: EjabberdOptions): Promise<Ejabberd> {
    const [c2s, api, distribution] = (await freePorts(3)) as [number, number, number]
    const ejabberd = new Ejabberd({ c2s, api, distribution }, options)
    if (options.module !== 'none') ejabberd.#compileModule()
    await ejabberd.#boot()
    return ejabberd
  }

  /** ejabberd's log, line by line. */
  get log(): Lines {
    if (this.#log === undefined) throw new Error('ejabberd is not running')
    return this.#log
  }

  async register(...users: string[]): Promise<void> {
    for (const user of users) await this.api('register', { user, host: 'localhost', password: PASSWORD })
  }

  async connect(user: string, resumable: boolean | 'silent' = false): Promise<XmppClient> {
    const account = { jid: `${user}@localhost`, password: PASSWORD, port: this.#ports.c2s, resumable }
    const client = await XmppClient.connect(account)
    this.#clients.push(client)
    return client
  }

  /** Runs an ejabberd command, as ejabberdctl would. */
  async api(command: string, args: object = {}): Promise<unknown> {
    const url = `http://127.0.0.1:${this.#ports.api}/api/${command}`
    const response = await fetch(url, { method: 'POST', body: JSON.stringify(args) })
    const text = await response.text()
    if (!response.ok) throw new Error(`${command}: ${response.status} ${text}`)
    return JSON.parse(text)
  }

  async reload(options: EjabberdOptions): Promise<void> {
    this.#options = options
    this.#configure()
    await this.api('reload_config')
  }

  /** Runs Debian's own ejabberdctl, except that it may be used by whoever started this ejabberd. */
  ctl(...args: string[]): string {
    const script = join(this.folder, 'ejabberdctl')
    const original = readFileSync(this.#debian.ctl, 'utf8')
    writeFileSync(script, original.replace(/^INSTALLUSER=.*$/m, 'INSTALLUSER='), { mode: 0o755 })
    return execFileSync(script, ['--config-dir', join(this.folder, 'conf'), ...args], {
      env: this.#environment(),
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'pipe'],
    })
  }

  /** Evaluates an Erlang expression inside of ejabberd. */
  evaluate(expression: string): void {
    const code = JSON.stringify(`${expression}.`)
    const remote = `
      {ok, Tokens, _} = erl_scan:string(${code}), {ok, Forms} = erl_parse:parse_exprs(Tokens),
      {value, _, _} = rpc:call('${this.#node}', erl_eval, exprs, [Forms, []]), halt().`
    execFileSync('erl', [...this.#distribution(`evaluate${process.pid}@localhost`), '-eval', remote], {
      env: this.#environment(),
    })
  }

  async stop(): Promise<void> {
    await Promise.all(this.#clients.map(client => client.kill()))
    await this.#stopVm()
    rmSync(this.folder, { recursive: true, force: true })
  }

  /** A graceful stop and a new start with the same spool. */
  async restart(): Promise<void> {
    await this.#stopVm()
    await this.#boot()
  }

  async #stopVm(): Promise<void> {
    const vm = this.#process
    if (vm === undefined || vm.exitCode !== null || vm.signalCode !== null) return
    const kill = setTimeout(() => vm.kill('SIGKILL'), BEAM_EXIT_MS)
    vm.kill('SIGTERM')
    await once(vm, 'exit')
    clearTimeout(kill)
  }

  #compileModule(): void {
    mkdirSync(join(this.folder, 'ebin'))
    const sources = join(MODULE_SOURCES, 'src')
    const files = readdirSync(sources).filter(name => name.endsWith('.erl'))
    const includes = this.#debian.includes.flatMap(include => ['-I', include])
    execFileSync(
      'erlc',
      ['-Werror', ...includes, '-o', join(this.folder, 'ebin'), ...files.map(file => join(sources, file))],
      { env: { ...process.env, ERL_LIBS: this.#debian.erlLibs } },
    )
  }

  async #boot(): Promise<void> {
    for (const name of ['conf', 'spool', 'logs']) mkdirSync(join(this.folder, name), { recursive: true })
    this.#configure()
    const command = [DIE_WITH_PARENT, 'erl', ...this.#vmArguments()]
    const vm = spawn(PYTHON, command, { env: this.#environment(), stdio: ['ignore', 'pipe', 'pipe'] })
    this.#process = vm
    this.#log = new Lines(vm.stdout as Readable, vm.stderr as Readable)
    await this.#log.waitFor('is started in the node')
  }

  #vmArguments(): string[] {
    return [
      ...this.#distribution(this.#node),
      ...['-kernel', 'inet_dist_use_interface', '{127,0,0,1}', '+S', '2:2'],
      ...['-pa', join(this.folder, 'ebin')],
      ...['-mnesia', 'dir', `"${join(this.folder, 'spool')}"`],
      ...['-s', 'ejabberd'],
    ]
  }

  /** Without epmd: whoever connects is told the port of the one node that there is. */
  #distribution(name: string): string[] {
    const listen = name === this.#node ? [] : ['-dist_listen', 'false']
    const port = String(this.#ports.distribution)
    return [
      ...['-sname', name, '-setcookie', 'loopback', '-noinput', ...listen],
      ...['-erl_epmd_port', port, '-start_epmd', 'false'],
    ]
  }

  get #node(): string {
    return `ejabberd${this.#ports.distribution}@localhost`
  }

  #environment(): NodeJS.ProcessEnv {
    const at = (...parts: string[]) => join(this.folder, ...parts)
    return {
      PATH: process.env.PATH,
      LANG: 'C.UTF-8',
      HOME: this.folder,
      ERL_LIBS: this.#debian.erlLibs,
      ERL_INETRC: at('conf', 'inetrc'),
      EJABBERD_CONFIG_PATH: at('conf', 'ejabberd.yml'),
      EJABBERD_LOG_PATH: at('logs', 'ejabberd.log'),
      SPOOL_DIR: at('spool'),
      LOGS_DIR: at('logs'),
      CONTRIB_MODULES_PATH: at('modules'),
    }
  }

  #configure(): void {
    const conf = join(this.folder, 'conf')
    writeFileSync(
      join(conf, 'inetrc'),
      '{lookup,["file","native"]}.\n{host,{127,0,0,1},["localhost","hostalias"]}.\n',
    )
    writeFileSync(
      join(conf, 'ejabberdctl.cfg'),
      `ERLANG_NODE=${this.#node}\nINET_DIST_INTERFACE=127.0.0.1\nERL_DIST_PORT=${this.#ports.distribution}\nERL_OPTIONS="-setcookie loopback"\n`,
    )
    writeFileSync(join(conf, 'ejabberd.yml'), ejabberdYml(this.#ports, this.#options))
  }
}
