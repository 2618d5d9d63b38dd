import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { checkEndpoint } from '../../../src/providers/webpush/endpoint.ts'

/** As browsers and UnifiedPush distributors hand them out. */
const GOOD = [
  'https://fcm.googleapis.com/fcm/send/dSbTwHYXBxQ:APA91bFjU7L9Vs09sDCJc_H5QhuZqASMTrW7jYUM70xahdJ1Bj8',
  'https://updates.push.services.mozilla.com/wpush/v2/gAAAAABh_-x0=',
  'https://web.push.apple.com/QGuQyavXutnMH',
  'https://wns2-par02p.notify.windows.com/w/?token=BQYAAAC%2b%2fx',
  'https://ntfy.sh/upAbCdEf123456?up=1',
  'https://ntfy.example.org:8443/upAbCdEf123456?up=1',
  'https://push.example.org:65535/a',
  'https://push_1.example.org/a',
  'https://xn--bcher-kva.example/a',
  'https://8.8.8.8/a',
  'https://[2606:4700:4700::1111]:8443/a',
]

/** Nothing of this may be asked for, however it is written. */
const HOSTILE = [
  // Another scheme, or none.
  ...['http://push.example.org/a', 'ftp://push.example.org/a', 'file:///etc/passwd', 'gopher://127.0.0.1/'],
  ...['javascript:alert(1)', 'data:text/plain,x', '//push.example.org/a', 'push.example.org/a', '', ' '],
  ...['https:push.example.org/a', 'https:/push.example.org/a', 'https:\\\\push.example.org\\a', 'https://'],
  // Loopback in every spelling.
  ...[
    'https://127.0.0.1/',
    'https://127.1/',
    'https://127.0.0.1.:8443/',
    'https://2130706433/',
    'https://0x7f.1/',
  ],
  ...['https://0x7f000001/', 'https://0177.0.0.1/', 'https://017700000001/', 'https://127.0.1.1:9443/'],
  ...['https://0/', 'https://0.0.0.0/', 'https://[::1]/', 'https://[::]/', 'https://[0:0:0:0:0:0:0:1]/'],
  ...[
    'https://[::ffff:127.0.0.1]/',
    'https://[::ffff:7f00:1]/',
    'https://[::127.0.0.1]/',
    'https://127%2e0.0.1/',
  ],
  ...[
    'https://１２７.０.０.１/',
    'https://①②⑦.0.0.1/',
    'https://localhost/',
    'https://LOCALHOST/',
    'https://localhost./',
  ],
  ...['https://app.localhost/', 'https://localhost:8443/'],
  // Private, link-local, shared, multicast, and what leads there.
  ...[
    'https://10.0.0.1/',
    'https://172.16.0.1/',
    'https://192.168.1.1/',
    'https://169.254.169.254/latest/meta-data/',
  ],
  ...['https://100.100.100.200/', 'https://168.63.129.16/', 'https://224.0.0.1/', 'https://255.255.255.255/'],
  ...['https://192.168.1/', 'https://0xa9fea9fe/', 'https://2852039166/', 'https://0251.0376.0251.0376/'],
  ...['https://[fe80::1]/', 'https://[fe80::1%25eth0]/', 'https://[fc00::1]/', 'https://[fd00:ec2::254]/'],
  ...[
    'https://[ff02::1]/',
    'https://[64:ff9b::a9fe:a9fe]/',
    'https://[64:ff9b::10.0.0.1]/',
    'https://[2002:7f00:1::]/',
  ],
  ...['https://[2001:0:4136:e378:8000:63bf:3fff:fdd2]/', 'https://[2001:db8::1]/', 'https://[64:ff9b:1::1]/'],
  // Names of this network.
  ...[
    'https://intranet/',
    'https://kubernetes.default.svc.cluster.local/',
    'https://metadata.google.internal/',
  ],
  ...[
    'https://router.home.arpa/',
    'https://printer.local/',
    'https://x.invalid/',
    'https://x.test/',
    'https://x.onion/',
  ],
  ...['https://push.example.org./', 'https://push..example.org/', 'https://-/', 'https://push.example.1/'],
  // Users, fragments, spaces and what a parser would silently drop.
  ...[
    'https://user@push.example.org/',
    'https://user:secret@push.example.org/',
    'https://@push.example.org/',
  ],
  ...['https://push.example.org@127.0.0.1/', 'https://push.example.org/a#b', 'https://push.example.org/a#'],
  ...['https://push.example.org/a b', 'https://push.example.org\t/a', 'https://pu\nsh.example.org/a'],
  ...[' https://push.example.org/a', 'https://push.example.org/a\r\nx: y', 'https://push.example.org/\u0000'],
  ...['https://push.example.org/é', 'https://push.example.org\\@127.0.0.1/', 'https://push.example.org/a\\b'],
  // Ports of mail servers and other strangers to HTTP.
  ...['https://push.example.org:25/', 'https://push.example.org:465/', 'https://push.example.org:80/'],
  ...['https://push.example.org:0/', 'https://push.example.org:65536/', 'https://push.example.org:22/a'],
  `https://push.example.org/${'a'.repeat(2048)}`,
]

describe('an endpoint that a client may choose', () => {
  for (const url of GOOD) {
    it(url, () => {
      const checked = checkEndpoint(url, undefined)
      assert.ok(checked.ok)
      const { href, origin, host, path } = checked.endpoint
      assert.equal(href, url)
      assert.equal(`${origin}${path}`, url)
      assert.equal(origin, `https://${host}`)
    })
  }

  it('is kept in one spelling, so that it is one registration', () => {
    const spellings = [
      'https://push.example.org/a',
      'https://PUSH.Example.org:443/a',
      'https://push.example.org/x/../a',
    ]
    const hrefs = spellings.map(url => {
      const checked = checkEndpoint(url, undefined)
      return checked.ok && checked.endpoint.href
    })
    assert.deepEqual([...new Set(hrefs)], ['https://push.example.org/a'])
  })
})

describe('an endpoint that no client may choose', () => {
  for (const url of HOSTILE) {
    it(JSON.stringify(url).slice(0, 80), () => {
      const checked = checkEndpoint(url, undefined)
      assert.equal(checked.ok, false)
      assert.ok(!checked.ok && checked.problem.length > 0 && !checked.problem.includes('127.'))
    })
  }
})

describe("the operator's list of push services", () => {
  const allowed = ['https://127.0.0.1:8443', 'https://ntfy.lan']

  for (const url of ['https://127.0.0.1:8443/a', 'https://ntfy.lan/upAbc?up=1', 'https://ntfy.lan:443/a']) {
    it(`allows ${url}`, () => assert.ok(checkEndpoint(url, allowed).ok))
  }
  for (const url of [
    ...[
      'https://127.0.0.1/a',
      'https://127.0.0.1:8444/a',
      'https://ntfy.lan.example.org/a',
      'https://xntfy.lan/a',
    ],
    ...[
      'https://fcm.googleapis.com/fcm/send/a',
      'http://ntfy.lan/a',
      'https://user@ntfy.lan/a',
      'https://ntfy.lan/a#b',
    ],
    ...['https://ntfy.lan@127.0.0.1/a', 'https://ntfy.lan:8443/a'],
  ]) {
    it(`keeps ${url} out`, () => assert.equal(checkEndpoint(url, allowed).ok, false))
  }
})
