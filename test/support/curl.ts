import { request } from 'node:http'
import { text } from 'node:stream/consumers'

export interface CurlOptions {
  method?: string
  headers?: Readonly<Record<string, string>>
  body?: string | Buffer | undefined
  /** From which of our addresses. */
  localAddress?: string
}

export interface CurlAnswer {
  status: number
  headers: Readonly<Record<string, string | string[] | undefined>>
  body: string
}

/** One plain HTTP request, sent octet by octet as it is given, over a connection of its own. */
export function curl(url: string, options: CurlOptions = {}): Promise<CurlAnswer> {
  const { method = 'GET', headers = {}, body, localAddress } = options
  // For DELETE Node adds none.
  const length = body === undefined ? {} : { 'content-length': String(Buffer.byteLength(body)) }
  return new Promise((resolve, reject) => {
    const sending = request(
      url,
      { method, headers: { ...headers, ...length }, agent: false, localAddress },
      response => {
        text(response).then(
          received =>
            resolve({ status: response.statusCode ?? 0, headers: response.headers, body: received }),
          reject,
        )
      },
    )
    sending.on('error', reject)
    sending.end(body)
  })
}
