import { once } from 'node:events'
import { connect, type Socket } from 'node:net'

export interface HttpResponse {
  status: number
  body: string
}

export interface HttpRequest {
  method: string
  path: string
  token: string
  body?: string
}

interface Waiting {
  resolve: (response: HttpResponse) => void
  reject: (error: Error) => void
}

/**
 * A keep-alive connection with one request at a time. Over bare TCP, because the load shares its cores with what it
 * measures, and node:http costs several times as much per request.
 */
export class HttpConnection {
  readonly #socket: Socket
  #received = ''
  #waiting: Waiting | undefined

  private constructor(socket: Socket) {
    this.#socket = socket
    socket.setNoDelay(true).setEncoding('latin1')
    socket.on('data', (text: string) => this.#read(text))
    socket.on('error', error => this.#fail(error))
    socket.on('close', () => this.#fail(new Error('the relay closed a connection')))
  }

  static async open(port: number): Promise<HttpConnection> {
    const socket = connect(port, '127.0.0.1')
    await once(socket, 'connect')
    return new HttpConnection(socket)
  }

  request({ method, path, token, body }: HttpRequest): Promise<HttpResponse> {
    if (this.#socket.destroyed) return Promise.reject(new Error('the relay had closed a connection'))
    const { promise, resolve, reject } = Promise.withResolvers<HttpResponse>()
    this.#waiting = { resolve, reject }
    const head = `${method} ${path} HTTP/1.1\r\nhost: relay\r\nauthorization: Bearer ${token}\r\n`
    const end =
      body === undefined
        ? '\r\n'
        : `content-type: application/json\r\ncontent-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`
    this.#socket.write(head + end)
    return promise
  }

  close(): void {
    this.#socket.destroy()
  }

  #read(text: string): void {
    this.#received += text
    const headEnd = this.#received.indexOf('\r\n\r\n')
    if (headEnd < 0) return
    const [, length] = /\r\ncontent-length: (\d+)\r\n/i.exec(this.#received.slice(0, headEnd + 2)) ?? []
    const end = headEnd + 4 + Number(length)
    if (this.#received.length < end) return
    const response = {
      status: Number(this.#received.slice(9, 12)),
      body: this.#received.slice(headEnd + 4, end),
    }
    this.#received = this.#received.slice(end)
    const waiting = this.#waiting
    this.#waiting = undefined
    waiting?.resolve(response)
  }

  #fail(error: Error): void {
    this.#waiting?.reject(error)
    this.#waiting = undefined
  }
}
