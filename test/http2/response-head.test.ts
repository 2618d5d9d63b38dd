import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { StreamError } from '../../src/http2/errors.ts'
import { checkTrailers, type ResponseHead, readResponseHead } from '../../src/http2/response-head.ts'
import type { Field } from './hpack/appendix-c.ts'

const OK: Field = [':status', '200']

function asFields(fields: readonly Field[]) {
  return fields.map(([name, value]) => ({ name, value }))
}

function read(...fields: readonly Field[]): ResponseHead {
  return readResponseHead(asFields(fields))
}

/** To be given to `assert.throws`. */
function malformed(section: string): (error: unknown) => boolean {
  return error =>
    error instanceof StreamError && error.code === 'PROTOCOL_ERROR' && error.rule === `RFC 9113 ${section}`
}

function refuses(section: string, ...fields: readonly Field[]): void {
  assert.throws(() => read(...fields), malformed(section), JSON.stringify(fields))
}

/** Is no field of a response, nor of its trailers. */
function refusesField(section: string, name: string, value: string): void {
  refuses(section, OK, [name, value])
  refuses(section, OK, ['first', '1'], [name, value], ['last', '2'])
  assert.throws(() => checkTrailers(asFields([[name, value]])), malformed(section), JSON.stringify(name))
}

const octet = (code: number) => String.fromCharCode(code)

describe('the head of a response', () => {
  it('is its status and its fields', () => {
    const head = read(OK, ['apns-id', 'X'], ['date', 'today'])
    assert.deepEqual(
      { ...head, headers: { ...head.headers } },
      {
        status: 200,
        headers: { 'apns-id': 'X', date: 'today' },
        contentLength: undefined,
      },
    )
  })

  it('has fields of one name joined (RFC 9110 §5.3)', () => {
    assert.equal(read(OK, ['a', '1'], ['b', '2'], ['a', ''], ['a', '3']).headers.a, '1, , 3')
  })

  it('may have any name, those of JavaScript too', () => {
    const { headers } = read(OK, ['__proto__', 'p'], ['constructor', 'c'], ['hasownproperty', 'h'])
    assert.ok(!('toString' in headers))
    assert.deepEqual(Object.entries(headers), [
      ['__proto__', 'p'],
      ['constructor', 'c'],
      ['hasownproperty', 'h'],
    ])
    assert.equal(read(OK).headers.constructor, undefined)
    assert.equal(Reflect.get(read(OK).headers, '__proto__'), undefined)
  })

  it('may have any visible octet, spaces and tabs within, and nothing, as a value', () => {
    const visible = Array.from({ length: 256 }, (_, code) => code).filter(
      code => (code >= 0x21 && code <= 0x7e) || code >= 0x80,
    )
    for (const code of visible) assert.equal(read(OK, ['a', octet(code)]).headers.a, octet(code))
    for (const value of ['', 'a b', 'a\tb', 'a \t b']) assert.equal(read(OK, ['a', value]).headers.a, value)
  })
})

describe(':status (RFC 9113 §8.3.2)', () => {
  it('is a number of three digits', () => {
    for (const status of [100, 101, 103, 200, 204, 410, 429, 503, 599, 999])
      assert.equal(read([':status', String(status)]).status, status)
    for (const status of [
      '',
      '0',
      '99',
      '099',
      '000',
      '1000',
      '20',
      '2000',
      ' 200',
      '200 ',
      '2e2',
      '-20',
      '+20',
    ])
      refuses('§8.3.2', [':status', status])
    for (const status of ['20x', '0x1', '20\n', '200\n', '٢٠٠', '200, 200'])
      refuses('§8.3.2', [':status', status])
  })

  it('is there, and first', () => {
    refuses('§8.3.2')
    refuses('§8.3.2', ['a', '1'])
    refuses('§8.3.2', ['a', '1'], OK)
    refuses('§8.3.2', ['status', '200'])
    refuses('§8.3.2', [':Status', '200'])
  })

  it('is the only pseudo-header field (§8.3), also in trailers', () => {
    refusesField('§8.3', ':status', '200')
    refusesField('§8.3', ':status', '404')
    for (const name of [':method', ':path', ':scheme', ':authority', ':protocol', ':unknown', ':'])
      refusesField('§8.3', name, 'x')
  })
})

describe('names of fields (RFC 9113 §8.2.1)', () => {
  it('are tokens in lower case', () => {
    const tokens = "!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyz"
    assert.equal(read(OK, [tokens, 'v']).headers[tokens], 'v')
    for (let code = 0; code < 256; code++) {
      if (tokens.includes(octet(code))) continue
      refusesField('§8.2.1', `a${octet(code)}`, 'v')
      if (octet(code) !== ':') refusesField('§8.2.1', `${octet(code)}a`, 'v')
    }
  })

  it('are not empty', () => refusesField('§8.2.1', '', 'v'))
})

describe('values of fields (RFC 9113 §8.2.1)', () => {
  it('have no control character', () => {
    for (let code = 0; code < 0x20; code++) {
      if (code === 0x09) continue
      for (const value of [octet(code), `a${octet(code)}`, `${octet(code)}a`, `a${octet(code)}b`])
        refusesField('§8.2.1', 'a', value)
    }
    refusesField('§8.2.1', 'a', 'b\u007fc')
    refusesField('§8.2.1', 'a', 'split\r\ninjected: yes')
  })

  it('neither begin nor end with space or tab', () => {
    for (const value of [' ', '\t', ' a', 'a ', '\ta', 'a\t', ' \t ']) refusesField('§8.2.1', 'a', value)
  })
})

describe('fields of an HTTP/1.1 connection (RFC 9113 §8.2.2)', () => {
  for (const name of ['connection', 'keep-alive', 'proxy-connection', 'transfer-encoding', 'upgrade'])
    it(`such as ${name} are refused`, () => refusesField('§8.2.2', name, 'x'))
})

describe('content-length (RFC 9113 §8.1.1)', () => {
  it('is a number', () => {
    assert.equal(read(OK).contentLength, undefined)
    for (const [value, length] of [
      ['0', 0],
      ['007', 7],
      ['999999999999999', 999_999_999_999_999],
    ] as const)
      assert.equal(read(OK, ['content-length', value]).contentLength, length)
    for (const value of ['', '-1', '+1', '1.5', '1e3', '0x10', '1 2', '1,1', '5, 5', 'many', '9'.repeat(16)])
      refuses('§8.1.1', OK, ['content-length', value])
  })

  it('may be said twice, if it is the same', () => {
    const { contentLength, headers } = read(OK, ['content-length', '5'], ['content-length', '5'])
    assert.deepEqual([contentLength, headers['content-length']], [5, '5'])
    refuses('§8.1.1', OK, ['content-length', '5'], ['content-length', '6'])
  })
})

describe('trailers', () => {
  it('may be any fields, and none', () => {
    checkTrailers([])
    checkTrailers(
      asFields([
        ['grpc-status', '0'],
        ['a', ''],
        ['a', 'again'],
      ]),
    )
  })
})
