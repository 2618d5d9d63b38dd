import { type ApnsSimulator, type ApnsSimulatorOptions, startApnsSimulator } from './apns/apns-simulator.ts'
import { APNS_CONTROL } from './apns/control-routes.ts'
import { loadSimulatorFiles, type SimulatorFiles } from './apns/simulator-files.ts'
import { type ControlServer, startControlServer } from './control-server.ts'

export interface RunSimulatorOptions extends Omit<ApnsSimulatorOptions, 'keys' | 'identity'> {
  /** Default: only the generated key, written to the directory. */
  keys?: ApnsSimulatorOptions['keys']
  /** Default 8444, on the same host. */
  controlPort?: number
  /** Where certificate and key are written, and found again after a restart; default `data/simulator`. */
  directory?: string
  /** Receives each line; default standard output. */
  print?: (line: string) => void
}

export interface RunningSimulator {
  simulator: ApnsSimulator
  control: ControlServer
  close(): Promise<void>
}

const DEFAULT_PORT = 8443
const DEFAULT_CONTROL_PORT = 8444

/** The simulator as a process of its own. Prints what a relay needs to use it; stops when `close` is called. */
export async function runSimulator(options: RunSimulatorOptions = {}): Promise<RunningSimulator> {
  const { controlPort = DEFAULT_CONTROL_PORT, directory = 'data/simulator', keys, ...rest } = options
  const print = options.print ?? (line => void process.stdout.write(`${line}\n`))
  const files = await loadSimulatorFiles(directory)
  const simulator = await startApnsSimulator({
    port: DEFAULT_PORT,
    ...rest,
    keys: keys ?? [files.key],
    identity: files.identity,
  })
  const control = await startControl(simulator, controlPort)
  for (const line of greeting(simulator, control, files, keys === undefined)) print(line)
  return {
    simulator,
    control,
    async close() {
      await control.close()
      await simulator.close()
    },
  }
}

async function startControl(simulator: ApnsSimulator, port: number): Promise<ControlServer> {
  try {
    return await startControlServer({ simulator, routes: APNS_CONTROL, host: simulator.host, port })
  } catch (error) {
    await simulator.close()
    throw error
  }
}

function greeting(
  simulator: ApnsSimulator,
  control: ControlServer,
  files: SimulatorFiles,
  usesGeneratedKey: boolean,
): string[] {
  const { key } = files
  return [
    `APNs simulator on ${simulator.url}; no real phone is reached. What a phone shows: curl ${control.url}/phones/<token>`,
    'For a relay that is to use it:',
    `RELAY_APNS_URL=${simulator.url}`,
    `RELAY_APNS_CA_FILE=${files.caFile}`,
    ...(usesGeneratedKey
      ? [
          `RELAY_APNS_KEY_FILE=${files.keyFile}`,
          `RELAY_APNS_KEY_ID=${key.keyId}`,
          `RELAY_APNS_TEAM_ID=${key.teamId}`,
        ]
      : []),
  ]
}
