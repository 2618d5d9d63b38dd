import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { BadInputError } from '../bad-input.ts'
import type { ApnsSimulator } from './apns-simulator.ts'
import { CONTROL_ROUTES, type ControlHandler } from './control-routes.ts'

export interface ControlServer {
  readonly url: string
  readonly port: number
  close(): Promise<void>
}

export interface ControlServerOptions {
  simulator: ApnsSimulator
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
export async function startControlServer(options: ControlServerOptions): Promise<ControlServer> {
  const { simulator, host = '127.0.0.1' } = options
  const server = createServer((request, response) => {
    respond(simulator, request, response).catch(() => response.destroy())
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

async function respond(
  simulator: ApnsSimulator,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const { status, body } = await answer(simulator, request)
  if (body === undefined) {
    response.writeHead(status).end()
    return
  }
  response.writeHead(status, { 'content-type': 'application/json' })
  response.end(`${JSON.stringify(body, null, 2)}\n`)
}

async function answer(simulator: ApnsSimulator, request: IncomingMessage): Promise<Answer> {
  if (isFromWebPage(request)) return failure(403, 'web pages may not use this interface')
  const { pattern, argument } = readPath(request.url)
  const handler = findHandler(`${request.method} ${pattern}`)
  if (handler === undefined) return noRoute(pattern)
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

function findHandler(key: string): ControlHandler | undefined {
  return Object.hasOwn(CONTROL_ROUTES, key) ? CONTROL_ROUTES[key] : undefined
}

/** A page in the user's browser must neither read the notifications nor set faults: not as another origin, not by DNS rebinding. */
function isFromWebPage({ headers, socket }: IncomingMessage): boolean {
  if (headers.origin !== undefined) return true
  const isLoopback = /^(::ffff:)?127\.|^::1$/.test(socket.localAddress ?? '')
  return isLoopback && !/^(localhost|127\.[\d.]+|\[::1\])(:\d+)?$/i.test(headers.host ?? '')
}

function noRoute(pattern: string): Answer {
  const others = Object.keys(CONTROL_ROUTES).filter(route => route.endsWith(` ${pattern}`))
  if (others.length === 0)
    return failure(404, `no such call; there are ${Object.keys(CONTROL_ROUTES).join(', ')}`)
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
