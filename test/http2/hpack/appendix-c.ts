/** The examples of RFC 7541 appendix C: field blocks, the lists they stand for, and the dynamic table behind each. */

export type Field = readonly [name: string, value: string]

export interface Example {
  section: string
  /** In hexadecimal. */
  block: string
  fields: readonly Field[]
  /** Newest first. */
  table: readonly Field[]
  tableSize: number
}

export interface Series {
  title: string
  coding: 'plain' | 'huffman'
  maxTableSize: number
  examples: readonly Example[]
}

const GET: Field = [':method', 'GET']
const HTTP: Field = [':scheme', 'http']
const AUTHORITY: Field = [':authority', 'www.example.com']
const NO_CACHE: Field = ['cache-control', 'no-cache']
const CUSTOM: Field = ['custom-key', 'custom-value']
const PRIVATE: Field = ['cache-control', 'private']
const DATE_21: Field = ['date', 'Mon, 21 Oct 2013 20:13:21 GMT']
const DATE_22: Field = ['date', 'Mon, 21 Oct 2013 20:13:22 GMT']
const LOCATION: Field = ['location', 'https://www.example.com']
const GZIP: Field = ['content-encoding', 'gzip']
const COOKIE: Field = ['set-cookie', 'foo=ASDJKHQKBZXOQWEOPIUAXQWEOIU; max-age=3600; version=1']

/** Each series on one connection. Those of requests (C.3, C.4) and of responses (C.5, C.6) differ in the blocks only. */
const REQUESTS = [
  { fields: [GET, HTTP, [':path', '/'], AUTHORITY], table: [AUTHORITY], tableSize: 57 },
  {
    fields: [GET, HTTP, [':path', '/'], AUTHORITY, NO_CACHE],
    table: [NO_CACHE, AUTHORITY],
    tableSize: 110,
  },
  {
    fields: [GET, [':scheme', 'https'], [':path', '/index.html'], AUTHORITY, CUSTOM],
    table: [CUSTOM, NO_CACHE, AUTHORITY],
    tableSize: 164,
  },
] as const satisfies Partial<Example>[]

const RESPONSES = [
  {
    fields: [[':status', '302'], PRIVATE, DATE_21, LOCATION],
    table: [LOCATION, DATE_21, PRIVATE, [':status', '302']],
    tableSize: 222,
  },
  {
    fields: [[':status', '307'], PRIVATE, DATE_21, LOCATION],
    table: [[':status', '307'], LOCATION, DATE_21, PRIVATE],
    tableSize: 222,
  },
  {
    fields: [[':status', '200'], PRIVATE, DATE_22, LOCATION, GZIP, COOKIE],
    table: [COOKIE, GZIP, DATE_22],
    tableSize: 215,
  },
] as const satisfies Partial<Example>[]

export const SERIES: readonly Series[] = [
  {
    title: 'C.3, requests without Huffman coding',
    coding: 'plain',
    maxTableSize: 4096,
    examples: withBlocks('C.3', REQUESTS, [
      '828684410f7777772e6578616d706c652e636f6d',
      '828684be58086e6f2d6361636865',
      '828785bf400a637573746f6d2d6b65790c637573746f6d2d76616c7565',
    ]),
  },
  {
    title: 'C.4, requests with Huffman coding',
    coding: 'huffman',
    maxTableSize: 4096,
    examples: withBlocks('C.4', REQUESTS, [
      '828684418cf1e3c2e5f23a6ba0ab90f4ff',
      '828684be5886a8eb10649cbf',
      '828785bf408825a849e95ba97d7f8925a849e95bb8e8b4bf',
    ]),
  },
  {
    title: 'C.5, responses without Huffman coding',
    coding: 'plain',
    maxTableSize: 256,
    examples: withBlocks('C.5', RESPONSES, [
      '4803333032580770726976617465611d4d6f6e2c203231204f637420323031332032303a31333a323120474d546e1768747470733a2f2f7777772e6578616d706c652e636f6d',
      '4803333037c1c0bf',
      '88c1611d4d6f6e2c203231204f637420323031332032303a31333a323220474d54c05a04677a69707738666f6f3d4153444a4b48514b425a584f5157454f50495541585157454f49553b206d61782d6167653d333630303b2076657273696f6e3d31',
    ]),
  },
  {
    title: 'C.6, responses with Huffman coding',
    coding: 'huffman',
    maxTableSize: 256,
    examples: withBlocks('C.6', RESPONSES, [
      '488264025885aec3771a4b6196d07abe941054d444a8200595040b8166e082a62d1bff6e919d29ad171863c78f0b97c8e9ae82ae43d3',
      '4883640effc1c0bf',
      '88c16196d07abe941054d444a8200595040b8166e084a62d1bffc05a839bd9ab77ad94e7821dd7f2e6c7b335dfdfcd5b3960d5af27087f3672c1ab270fb5291f9587316065c003ed4ee5b1063d5007',
    ]),
  },
]

function withBlocks(
  chapter: string,
  examples: readonly Omit<Example, 'section' | 'block'>[],
  blocks: readonly string[],
): Example[] {
  return examples.map((example, at) => ({
    ...example,
    section: `${chapter}.${at + 1}`,
    block: blocks[at] as string,
  }))
}
