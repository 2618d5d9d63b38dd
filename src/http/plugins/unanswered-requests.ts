import type { ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import fp from 'fastify-plugin'

/** Requests of one connection that wait for their answers to be read. Those who pipeline at all have two or three. */
export const MOST_UNANSWERED = 32

/**
 * A caller that goes on asking without reading makes the relay hold every answer, and an open file for each of the docs'
 * pages. Beyond 32 its connection is cut; what is left of one that went away is released, which Node does for the
 * first of its answers only.
 */
export const unansweredRequests = fp(
  async app => {
    const unanswered = new WeakMap<Socket, Set<ServerResponse>>()
    app.addHook('onRequest', (request, reply, done) => {
      const { socket } = request.raw
      const waiting = unanswered.get(socket) ?? watch(socket)
      unanswered.set(socket, waiting)
      waiting.add(reply.raw)
      if (waiting.size > MOST_UNANSWERED) socket.destroy()
      // Neither a handler nor an error handler has anybody to answer.
      if (socket.destroyed) reply.hijack()
      done()
    })
    app.addHook('onResponse', (request, reply, done) => {
      unanswered.get(request.raw.socket)?.delete(reply.raw)
      done()
    })
  },
  { name: 'unanswered-requests' },
)

function watch(socket: Socket): Set<ServerResponse> {
  const waiting = new Set<ServerResponse>()
  socket.once('close', () => {
    for (const response of waiting) response.destroy()
  })
  return waiting
}
