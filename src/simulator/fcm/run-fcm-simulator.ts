import { type ControlServer, startControlServer } from '../control-server.ts'
import { FCM_CONTROL } from './control-routes.ts'
import { loadFcmFiles, writeServiceAccount } from './fcm-files.ts'
import { type FcmSimulator, type FcmSimulatorOptions, startFcmSimulator } from './fcm-simulator.ts'

export interface RunFcmSimulatorOptions extends Omit<FcmSimulatorOptions, 'account' | 'identity'> {
  /** On the same host. */
  controlPort?: number
  /** Where certificate, key and key file are written, and found again after a restart; default `data/simulator-fcm`. */
  directory?: string
  /** Receives each line; default standard output. */
  print?: (line: string) => void
}

export interface RunningFcmSimulator {
  simulator: FcmSimulator
  control: ControlServer
  close(): Promise<void>
}

const DEFAULT_PORTS = { port: 8453, tokenPort: 8454, controlPort: 8455 }

/** The simulator as a process of its own. Prints what a relay needs to use it; stops when `close` is called. */
export async function runFcmSimulator(options: RunFcmSimulatorOptions = {}): Promise<RunningFcmSimulator> {
  const { directory = 'data/simulator-fcm', controlPort, ...rest } = { ...DEFAULT_PORTS, ...options }
  const print = options.print ?? (line => void process.stdout.write(`${line}\n`))
  const files = await loadFcmFiles(directory)
  const simulator = await startFcmSimulator({ ...rest, account: files.account, identity: files.identity })
  const serviceAccount = await writeServiceAccount(files, simulator.serviceAccountFile)
  const control = await startControl(simulator, controlPort)
  for (const line of [
    `FCM simulator on ${simulator.url}; no real phone is reached. What a phone gets: curl ${control.url}/phones/<token>`,
    'For a relay that is to use it:',
    `RELAY_FCM_URL=${simulator.url}`,
    `RELAY_FCM_CA_FILE=${files.caFile}`,
    `RELAY_FCM_SERVICE_ACCOUNT_FILE=${serviceAccount}`,
  ])
    print(line)
  return {
    simulator,
    control,
    async close() {
      await control.close()
      await simulator.close()
    },
  }
}

async function startControl(simulator: FcmSimulator, port: number): Promise<ControlServer> {
  try {
    return await startControlServer({ simulator, routes: FCM_CONTROL, host: simulator.host, port })
  } catch (error) {
    await simulator.close()
    throw error
  }
}
