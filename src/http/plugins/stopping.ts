import fp from 'fastify-plugin'
import type { Clock } from '../../domain/clock.ts'
import { errors } from '../errors.ts'

export interface StoppingOptions {
  isStopping(): boolean
  clock: Pick<Clock, 'after'>
  /** How long requests that are under way may hold up a stop. */
  graceMs: number
}

/**
 * While the relay stops, 503 for what still arrives on open connections; health keeps answering. A caller that neither
 * finishes its request nor closes its connection cannot hold up the stop: Node ends its own time limits at close().
 */
export const stopping = fp(
  async (app, options: StoppingOptions) => {
    app.addHook('onRequest', async (request, reply) => {
      if (!options.isStopping()) return
      void reply.header('connection', 'close')
      if (!request.routeOptions.config.answersWhileStopping) throw new errors.stopping()
    })
    let cancel = () => {}
    app.addHook('preClose', async () => {
      cancel = options.clock.after(options.graceMs, () => app.server.closeAllConnections())
    })
    app.addHook('onClose', async () => cancel())
  },
  { name: 'stopping' },
)

declare module 'fastify' {
  interface FastifyContextConfig {
    answersWhileStopping?: boolean
  }
}
