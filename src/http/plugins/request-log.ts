import fp from 'fastify-plugin'

/** One line per request: the route's pattern, never its URL. Only a failure of ours is worth a look. */
export const requestLog = fp(
  async app => {
    app.addHook('onResponse', async (request, reply) => {
      const line = {
        method: request.method,
        route: request.routeOptions.url ?? '(none)',
        status: reply.statusCode,
        durationMs: Math.round(reply.elapsedTime * 10) / 10,
      }
      if (reply.statusCode >= 500) request.log.warn(line, 'request failed')
      else request.log.debug(line, 'request')
    })
  },
  { name: 'request-log' },
)
