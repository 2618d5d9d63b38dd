import { readFileSync } from 'node:fs'
import Fastify from 'fastify'
import { pino } from 'pino'
import { systemClock } from '../../src/domain/clock.ts'
import { fastifyOptions } from '../../src/http/fastify-options.ts'
import { registerHttp } from '../../src/http/http.ts'
import { PROVIDERS } from '../../src/providers/providers.ts'
import type { Store } from '../../src/store/store.ts'
import type { ZeropushRegistry } from '../../src/store/zeropush-registry.ts'
import { createEvents } from '../../src/telemetry/events.ts'
import { testConfig } from './test-app.ts'

export const OPENAPI_FILE = new URL('../../openapi.yaml', import.meta.url)

export interface OpenApiDocument {
  yaml: string
  paths: Record<string, Record<string, Operation>>
}

export interface Operation {
  operationId?: string
  summary?: string
  tags?: string[]
  security?: object[]
  responses: Record<string, { description: string }>
}

/** What openapi.yaml must hold: made from the routes, of which none is called. */
export async function openApiDocument(): Promise<OpenApiDocument> {
  const manifest = readFileSync(new URL('../../package.json', import.meta.url), 'utf8')
  const http = Fastify(fastifyOptions({ trustProxy: false }, pino({ level: 'silent' })))
  const notCalled = () => {
    throw new Error('the document needs no answers')
  }
  await registerHttp(http, {
    // With everything that can be turned on.
    config: { ...testConfig(''), zeropush: { serverTokens: [], appTokens: [] } },
    version: (JSON.parse(manifest) as { version: string }).version,
    store: {} as Store,
    acceptOfflineMessages: notCalled,
    zeropush: {} as ZeropushRegistry,
    pushToDevices: { named: notCalled, broadcast: notCalled },
    providers: PROVIDERS.map(({ name, address }) => ({ name, address, on: undefined })),
    sendTest: notCalled,
    relayHealth: notCalled,
    metricsText: notCalled,
    isStopping: () => false,
    onRequeued: notCalled,
    clock: systemClock,
    events: createEvents(),
  })
  await http.ready()
  const yaml = http.swagger({ yaml: true })
  const { paths } = http.swagger() as unknown as OpenApiDocument
  await http.close()
  return { yaml, paths }
}
