import type { FastifyRequest } from 'fastify'
import type { Page, ZeropushDevice } from '../../store/zeropush-registry.ts'
import type { Envelope } from '../envelope.ts'
import type { ErrorView } from '../plugins/error-handling.ts'
import type { Fields } from './form.ts'
import { readInteger } from './reading.ts'

const WORDS: Readonly<Record<number, string>> = {
  401: 'authorization error',
  403: 'authorization error',
  404: 'record not found',
  412: 'configuration error',
  429: 'quota error',
}

/** As the service told them. */
export const ERROR_VIEW: ErrorView = {
  challenge: 'Token',
  bodyOf: ({ statusCode, message }: Envelope) => ({
    error: WORDS[statusCode] ?? (statusCode < 500 ? 'parameter error' : 'server error'),
    message,
    reference_url: '/docs',
  }),
}

export interface DeviceView {
  token: string
  active: boolean
  marked_inactive_at: string | null
  badge: number
}

export function toDeviceView({ token, badge, markedInactiveAt }: ZeropushDevice): DeviceView {
  return {
    token,
    active: markedInactiveAt === undefined,
    marked_inactive_at: markedInactiveAt === undefined ? null : instant(markedInactiveAt),
    badge,
  }
}

/** Whole seconds, as the service wrote them. */
export function instant(at: number): string {
  return new Date(at).toISOString().replace(/\.\d+Z$/, 'Z')
}

const MOST_PER_PAGE = 100
const LAST_PAGE = 10_000_000

export interface PageQuery extends Page {
  page: number
}

/** More than a hundred a page are a hundred. */
export function readPage(fields: Fields, usual = 25): PageQuery {
  const page = readInteger(fields, 'page', 1, LAST_PAGE) ?? 1
  const limit = Math.min(readInteger(fields, 'per_page', 1, LAST_PAGE) ?? usual, MOST_PER_PAGE)
  return { page, limit, offset: (page - 1) * limit }
}

/** `Link` (RFC 8288) to the last page and the next one; undefined on the last. */
export function linkOf(
  request: FastifyRequest,
  { page, limit }: PageQuery,
  total: number,
  kept: Readonly<Record<string, string>> = {},
): string | undefined {
  const last = Math.max(1, Math.ceil(total / limit))
  if (page >= last) return undefined
  const path = (request.raw.url ?? '').split('?', 1)[0] ?? ''
  const to = (number: number) => {
    const query = new URLSearchParams({ ...kept, page: String(number), per_page: String(limit) })
    return `<${request.protocol}://${request.host}${path}?${query}>`
  }
  return `${to(last)}; rel="last",${to(page + 1)}; rel="next"`
}
