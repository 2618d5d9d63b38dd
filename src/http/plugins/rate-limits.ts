import { isIP } from 'node:net'
import rateLimit, { type RateLimitOptions } from '@fastify/rate-limit'
import type { FastifyReply, FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import { errors } from '../errors.ts'

/** Counts a call; rejects with 429 and Retry-After once there were too many in the last minute. */
export type Limit = (request: FastifyRequest, reply: FastifyReply) => Promise<void>

/** There is none for a valid hook or admin token: a sender is never turned away because it is busy. */
export interface Limits {
  failedAuthentication: Limit
  unknownRoute: Limit
  deviceCall: Limit
  deviceTest: Limit
  /** With a token that everybody has who has the app. */
  appCall: Limit
}

declare module 'fastify' {
  interface FastifyInstance {
    limits: Limits
  }
}

// Behind one address of a mobile network are many phones, each of which registers at every start of its app.
const PER_MINUTE = { failedAuthentication: 30, unknownRoute: 60, deviceCall: 60, deviceTest: 5, appCall: 300 }
const WINDOW_MS = 60_000
/** Callers remembered per limit; beyond it the longest silent one is forgotten. */
const REMEMBERED = 50_000

export const rateLimits = fp(
  async app => {
    await app.register(rateLimit, { global: false })
    const limit = (max: number, keyGenerator: (request: FastifyRequest) => string): Limit => {
      const options: RateLimitOptions = { max, timeWindow: WINDOW_MS, cache: REMEMBERED, keyGenerator }
      const count = app.createRateLimit(options)
      return async (request, reply) => {
        const counted = await count(request)
        if (counted.isAllowed || !counted.isExceeded) return
        void reply.header('retry-after', Math.max(1, counted.ttlInSeconds))
        throw new errors.tooManyRequests()
      }
    }
    app.decorate('limits', {
      failedAuthentication: limit(PER_MINUTE.failedAuthentication, addressKey),
      unknownRoute: limit(PER_MINUTE.unknownRoute, addressKey),
      deviceCall: limit(PER_MINUTE.deviceCall, recipientKey),
      deviceTest: limit(PER_MINUTE.deviceTest, recipientKey),
      appCall: limit(PER_MINUTE.appCall, addressKey),
    })
  },
  { name: 'rate-limits', dependencies: ['authentication-decorators'] },
)

/** What a trusted proxy forwards may be any text of the caller's: only an address is believed, and remembered. */
function addressKey({ ip, socket }: FastifyRequest): string {
  const address = isIP(ip) === 0 ? (socket.remoteAddress ?? '') : ip
  return isIP(address) === 6 ? networkOf(address) : address
}

/** The first 64 bits: one customer has all the rest. An IPv4 address written as IPv6 is itself. */
function networkOf(address: string): string {
  // URL writes an IPv6 address in its one short form (https://url.spec.whatwg.org/#concept-ipv6-serializer).
  const [start = '', end] = new URL(`http://[${address.split('%', 1)[0]}]`).hostname.slice(1, -1).split('::')
  const head = start === '' ? [] : start.split(':')
  const tail = end === undefined || end === '' ? [] : end.split(':')
  if (head.length === 0 && tail[0] === 'ffff') return tail.join(':')
  const zeros = end === undefined ? 0 : 8 - head.length - tail.length
  return [...head, ...Array<string>(zeros).fill('0'), ...tail].slice(0, 4).join(':')
}

function recipientKey(request: FastifyRequest): string {
  return request.grant?.kind === 'recipient' ? request.grant.recipient : ''
}
