import { createSocket, type RemoteInfo } from 'node:dgram'
import { once } from 'node:events'
import { isIPv4 } from 'node:net'
import type { TestContext } from 'node:test'

/** Addresses, or why there are none. */
export type NameAnswer = readonly string[] | 'no-such-name' | 'failure'

export interface NameServer {
  /** `host:port`. */
  readonly address: string
  /** Names that were asked about, with the kind of address. */
  readonly questions: string[]
}

const TYPES: Record<number, 'A' | 'AAAA'> = { 1: 'A', 28: 'AAAA' }
const CODES = { 'no-such-name': 3, failure: 2 } as const
const HEADER_BYTES = 12

/** Answers over UDP on loopback (RFC 1035), gone when the test ends. */
export async function startNameServer(
  t: TestContext,
  answer: (name: string, type: 'A' | 'AAAA') => NameAnswer,
): Promise<NameServer> {
  const socket = createSocket('udp4')
  const questions: string[] = []
  socket.on('message', (query: Buffer, from: RemoteInfo) => {
    const { name, type, end } = readQuestion(query)
    questions.push(`${name} ${type}`)
    socket.send(response(query, end, answer(name, type)), from.port, from.address)
  })
  socket.bind(0, '127.0.0.1')
  await once(socket, 'listening')
  t.after(() => new Promise<void>(resolve => socket.close(() => resolve())))
  return { address: `127.0.0.1:${socket.address().port}`, questions }
}

function readQuestion(query: Buffer) {
  const labels: string[] = []
  let at = HEADER_BYTES
  for (let length = query.readUInt8(at); length > 0; length = query.readUInt8(at)) {
    labels.push(query.toString('latin1', at + 1, at + 1 + length))
    at += length + 1
  }
  const type = TYPES[query.readUInt16BE(at + 1)]
  if (type === undefined) throw new Error('only addresses are asked for')
  return { name: labels.join('.').toLowerCase(), type, end: at + 5 }
}

function response(query: Buffer, end: number, answer: NameAnswer): Buffer {
  const records = typeof answer === 'string' ? [] : answer.map(record)
  const head = Buffer.from(query.subarray(0, end))
  // A response, recursion available; one question, and no record but the answers.
  head.writeUInt16BE(0x8180 | (typeof answer === 'string' ? CODES[answer] : 0), 2)
  head.writeUInt16BE(1, 4)
  head.writeUInt16BE(records.length, 6)
  head.writeUInt32BE(0, 8)
  return Buffer.concat([head, ...records])
}

/** The name is a pointer to the question; the record lives no second. */
function record(address: string): Buffer {
  const octets = isIPv4(address) ? Buffer.from(address.split('.').map(Number)) : ipv6Octets(address)
  const head = Buffer.alloc(12)
  head.writeUInt16BE(0xc000 | HEADER_BYTES, 0)
  head.writeUInt16BE(octets.length === 4 ? 1 : 28, 2)
  head.writeUInt16BE(1, 4)
  head.writeUInt16BE(octets.length, 10)
  return Buffer.concat([head, octets])
}

/** Of an address without `::`. */
function ipv6Octets(address: string): Buffer {
  const octets = Buffer.alloc(16)
  for (const [index, group] of address.split(':').entries())
    octets.writeUInt16BE(Number.parseInt(group, 16), index * 2)
  return octets
}
