import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { cpSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { Ejabberd, MODULE_SOURCES } from './support/ejabberd.ts'
import { RecordingRelay } from './support/recording-relay.ts'
import { installation, skip } from './support/requirements.ts'

const TOKEN = 'hook-token-0123456789'

describe('mod_push_relay as an operator gets it', { skip, timeout: 180_000 }, () => {
  test('ejabberdctl module_install compiles it, and after the configuration it works', async t => {
    const relay = new RecordingRelay()
    await relay.start()
    t.after(() => relay.stop())
    const ejabberd = await Ejabberd.start({ module: 'none' })
    t.after(() => ejabberd.stop())
    cpSync(MODULE_SOURCES, join(ejabberd.folder, 'modules/sources/mod_push_relay'), { recursive: true })
    assert.match(ejabberd.ctl('modules_available'), /mod_push_relay/)
    ejabberd.ctl('module_install', 'mod_push_relay')
    assert.match(ejabberd.ctl('modules_installed'), /mod_push_relay/)

    await ejabberd.reload({ module: { url: relay.url, token: TOKEN } })
    await ejabberd.register('alice', 'bob')
    const alice = await ejabberd.connect('alice')
    await alice.send('<message to="bob@localhost" id="i-1" type="chat"><body>hello</body></message>')
    assert.equal((await relay.push('i-1')).body, 'hello')

    await ejabberd.reload({ module: 'none' })
    ejabberd.ctl('module_uninstall', 'mod_push_relay')
    assert.doesNotMatch(ejabberd.ctl('modules_installed'), /mod_push_relay/)
  })

  const refused: Record<string, Record<string, unknown>> = {
    'no token': { url: 'http://127.0.0.1:8080' },
    'no url': { token: TOKEN },
    'a url of another kind': { url: 'ftp://127.0.0.1', token: TOKEN },
    'a token with a line break': { url: 'http://127.0.0.1:8080', token: `${TOKEN}\r\nx-admin: 1` },
    'a misspelt option': { url: 'http://127.0.0.1:8080', token: TOKEN, max_queues: 1 },
  }
  test(`ejabberd refuses ${Object.keys(refused).join(', ')}`, async t => {
    const ejabberd = await Ejabberd.start({ module: 'compiled' })
    t.after(() => ejabberd.stop())
    for (const [name, module] of Object.entries(refused)) {
      await assert.rejects(() => ejabberd.reload({ module }), /reload_config: (4|5)\d\d/, name)
    }
    assert.deepEqual(
      ejabberd.log.all.filter(line => line.includes(TOKEN)),
      [],
    )
  })

  test('its own unit tests', async t => {
    const ejabberd = await Ejabberd.start({ module: 'compiled' })
    t.after(() => ejabberd.stop())
    const ebin = join(ejabberd.folder, 'ebin')
    execFileSync('erlc', ['-o', ebin, join(MODULE_SOURCES, 'test/mod_push_relay_tests.erl')])
    const evaluate = 'halt(case eunit:test(mod_push_relay_tests) of ok -> 0; _ -> 1 end).'
    const output = execFileSync('erl', ['-noinput', '-pa', ebin, '-eval', evaluate], {
      encoding: 'utf8',
      env: { ...process.env, ERL_LIBS: installation?.erlLibs },
    })
    assert.match(output, /All \d+ tests passed/)
  })

  test('the README names every option', () => {
    const source = readFileSync(join(MODULE_SOURCES, 'src/mod_push_relay.erl'), 'utf8')
    const readme = readFileSync(join(MODULE_SOURCES, 'README.md'), 'utf8')
    const options = [...source.matchAll(/^mod_opt_type\((\w+)\)/gm)].map(match => match[1])
    assert.ok(options.length >= 6)
    for (const option of options) assert.ok(readme.includes(`\`${option}\``), option)
  })
})
