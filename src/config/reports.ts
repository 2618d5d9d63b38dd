import type { Config } from './config.ts'

/** Every problem of a configuration, as an operator reads it. */
export function configReport(problems: readonly string[], whyNoFirstRun?: string): string {
  const count = problems.length === 1 ? 'a problem' : `${problems.length} problems`
  return [
    `push-relay: ${count} in the configuration`,
    '',
    ...problems.map(problem => `  ${problem}`),
    '',
    ...(whyNoFirstRun === undefined
      ? []
      : [`A first configuration is written only where there is none: ${whyNoFirstRun}.`]),
    'Every variable is explained in .env.example.',
  ].join('\n')
}

const ADVICE: Record<string, string> = {
  EADDRINUSE: 'another program listens there already',
  EADDRNOTAVAIL: 'this machine does not have that address; see RELAY_HOST',
  EACCES: 'this user may not do that',
  ENOTFOUND: 'that name is not known; see RELAY_HOST',
}

type Ports = Pick<Config, 'port' | 'simulatorPort'>

/** One readable report of whatever stopped a start. Without a stack: the reader is an operator, not a debugger. */
export function startReport(error: unknown, ports?: Ports): string {
  const reasons = [...causes(error)].map(cause => (cause instanceof Error ? cause.message : String(cause)))
  const { code = '', port } = (error ?? {}) as { code?: string; port?: number }
  const advice = (code === 'EADDRINUSE' ? portAdvice(port, ports) : undefined) ?? ADVICE[code]
  return `push-relay cannot start: ${[...new Set(reasons)].join(': ')}${advice ? ` (${advice})` : ''}`
}

/** Which of the two ports it is, and what to write. */
function portAdvice(port: number | undefined, ports: Ports | undefined): string | undefined {
  if (port === undefined || ports === undefined) return undefined
  const another = port < 50_000 ? port + 10_000 : port - 10_000
  if (port === ports.port) return `${port} is the relay's own: put RELAY_PORT=${another} into .env`
  if (port !== ports.simulatorPort) return undefined
  return `${port} is the simulator's: put RELAY_SIMULATOR_PORT=${another} into .env`
}

function* causes(error: unknown): Generator<unknown> {
  const seen = new Set<unknown>()
  for (let cause = error; cause !== undefined && !seen.has(cause); ) {
    seen.add(cause)
    yield cause
    cause = cause instanceof Error ? cause.cause : undefined
  }
}
