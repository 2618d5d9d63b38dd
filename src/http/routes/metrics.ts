import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Type } from '@fastify/type-provider-typebox'
import { failures } from '../schemas/common.ts'

export interface MetricsRouteDependencies {
  metricsText(): Promise<string>
}

// https://prometheus.io/docs/instrumenting/exposition_formats/#text-based-format
const CONTENT_TYPE = 'text/plain; version=0.0.4; charset=utf-8'

const metricsSchema = {
  operationId: 'getMetrics',
  tags: ['operators'],
  summary: 'Metrics as Prometheus text',
  security: [{ admin: [] }],
  response: {
    200: {
      description: 'Ours begin with relay_',
      content: { 'text/plain': { schema: Type.String() } },
    },
    ...failures(401, 429),
  },
}

export const metricsRoutes: FastifyPluginAsyncTypebox<MetricsRouteDependencies> = async (app, deps) => {
  app.get('/metrics', { schema: metricsSchema }, async (_request, reply) => {
    return reply.type(CONTENT_TYPE).send(await deps.metricsText())
  })
}
