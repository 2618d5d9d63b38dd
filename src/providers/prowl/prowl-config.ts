import { oneOf } from '../../config/parsers.ts'
import type { Reading } from '../../config/reading.ts'
import { serviceUrl } from '../../config/service-url.ts'
import type { VariableTable } from '../../config/variable.ts'

const PROWL_URL = 'https://api.prowlapp.com'

export const PROWL_VARIABLES = {
  switch: {
    name: 'RELAY_PROWL',
    default: undefined,
    meaning: 'on: registrations may name an API key of Prowl. No credential of ours is needed.',
    parse: oneOf(['on', 'off']),
  },
  url: {
    name: 'RELAY_PROWL_URL',
    default: undefined,
    meaning: "Replaces Prowl's address, for proxies and simulators; https, or http on loopback.",
    parse: serviceUrl,
  },
} as const satisfies VariableTable

type ProwlVariables = typeof PROWL_VARIABLES

export interface ProwlConfig {
  url: string
}

export function readProwlConfig(reading: Reading<ProwlVariables>): ProwlConfig | undefined {
  if (reading.has('url') && !reading.has('switch')) {
    reading.problem('url', `is of no use without ${reading.nameOf('switch')}=on`)
  }
  const { switch: state, url } = reading.values
  const isBadUrl = reading.has('url') && url === undefined
  return state !== 'on' || isBadUrl ? undefined : { url: url ?? PROWL_URL }
}

export function describeProwlConfig({ url }: ProwlConfig): Record<keyof ProwlVariables, string> {
  return { switch: 'on', url: url === PROWL_URL ? "(Prowl's)" : url }
}
