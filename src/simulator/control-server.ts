import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { BadInputError } from './bad-input.ts'

/** What a route needs: the last part of the path, and the JSON that came with it (undefined when none did). */
export interface ControlRequest {
  argument: string
  body: unknown
}

/** Answers what is sent back as JSON; undefined: 204. */
export type ControlHandler<S> = (simulator: S, request: ControlRequest) => unknown

/** By method and path, in which `*` stands for a second part: `GET /phones/*`. */
export type ControlRoutes<S> = Readonly<Record<string, ControlHandler<S>>>

export interface ControlServer {
  readonly url: string
  readonly port: number
  close(): Promise<void>
}

export interface ControlServerOptions<S> {
  simulator: S
  routes: ControlRoutes<S>
  /** Default 127.0.0.1. Whoever reaches it reads every notification, so nothing wider is meant. */
  host?: string
  /** Default a free one. */
  port?: number
}

const MAX_BODY_BYTES = 256 * 1024

interface Answer {
  status: number
  body?: unknown
}

/** Plain HTTP and JSON, for people with curl and for tests in other processes. README.md lists the calls. */
export async function startControlServer<S>(options: ControlServerOptions<S>): Promise<ControlServer> {
  const { host = '127.0.0.1' } = options
  const server = createServer((request, response) => {
    respond(options, request, response).catch(() => response.destroy())
  })
  await listen(server, options.port ?? 0, host)
  const { port } = server.address() as AddressInfo
  return {
    url: `http://${host.includes(':') ? `[${host}]` : host}:${port}`,
    port,
    close: () =>
      new Promise(resolve => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}

function listen(server: Server, port: number, host: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, host, () => {
      server.off('error', reject)
      resolve()
    })
  })
}

async function respond<S>(
  options: ControlServerOptions<S>,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const { status, body } = await answer(options, request)
  if (body === undefined) {
    response.writeHead(status).end()
    return
  }
  response.writeHead(status, { 'content-type': 'application/json' })
  response.end(`${JSON.stringify(body, null, 2)}\n`)
}

async function answer<S>(
  { simulator, routes }: ControlServerOptions<S>,
  request: IncomingMessage,
): Promise<Answer> {
  if (isFromWebPage(request)) return failure(403, 'web pages may not use this interface')
  const { pattern, argument } = readPath(request.url)
  const route = `${request.method} ${pattern}`
  const handler = Object.hasOwn(routes, route) ? routes[route] : undefined
  if (handler === undefined) return noRoute(pattern, Object.keys(routes))
  try {
    const body = await readJson(request)
    const result = await handler(simulator, { argument, body })
    return result === undefined ? { status: 204 } : { status: 200, body: result }
  } catch (error) {
    if (error instanceof BadInputError) return failure(400, error.message)
    // Such as the port being taken by another process meanwhile.
    return failure(500, error instanceof Error ? error.message : 'failed')
  }
}

function readPath(url = '/'): { pattern: string; argument: string } {
  const [path = '/'] = url.split('?', 1)
  const [, name = '', argument = ''] = /^\/([^/]+)(?:\/([^/]+))?$/.exec(path) ?? []
  return { pattern: argument === '' ? `/${name}` : `/${name}/*`, argument }
}

/** A page in the user's browser must neither read the notifications nor set faults: not as another origin, not by DNS rebinding. */
function isFromWebPage({ headers, socket }: IncomingMessage): boolean {
  if (headers.origin !== undefined) return true
  const isLoopback = /^(::ffff:)?127\.|^::1$/.test(socket.localAddress ?? '')
  return isLoopback && !/^(localhost|127\.[\d.]+|\[::1\])(:\d+)?$/i.test(headers.host ?? '')
}

function noRoute(pattern: string, routes: readonly string[]): Answer {
  const others = routes.filter(route => route.endsWith(` ${pattern}`))
  if (others.length === 0) return failure(404, `no such call; there are ${routes.join(', ')}`)
  return failure(405, `this path knows ${others.join(', ')}`)
}

function failure(status: number, error: string): Answer {
  return { status, body: { error } }
}

async function readJson(request: IncomingMessage): Promise<unknown> {
  const chunks: Buffer[] = []
  let size = 0
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length
    if (size > MAX_BODY_BYTES) throw new BadInputError(`a body has at most ${MAX_BODY_BYTES} bytes`)
    chunks.push(chunk)
  }
  if (size === 0) return undefined
  try {
    return JSON.parse(Buffer.concat(chunks).toString())
  } catch {
    throw new BadInputError('the body is not JSON')
  }
}
