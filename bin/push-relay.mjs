#!/usr/bin/env node
// Plain enough for any Node that knows ES modules: it must be able to say that it is too old.

const LEAST = [24, 12]

const [major, minor] = process.versions.node.split('.').map(Number)
if (major < LEAST[0] || (major === LEAST[0] && minor < LEAST[1])) {
  fail(
    `push-relay needs Node ${LEAST.join('.')} or newer and this is ${process.versions.node}. ` +
      'Run `npm ci`, which brings a Node of its own, and start with `npm start` (or `npx push-relay <command>`).',
  )
} else {
  run()
}

function run() {
  import('../src/cli.ts').then(
    cli => cli.runCli(process.argv.slice(2)).then(end),
    error => fail(explain(error)),
  )
}

// A command that failed ends here whatever it left open; one that succeeded ends when its work does.
function end(exitCode) {
  if (exitCode !== 0) process.exit(exitCode)
}

function explain(error) {
  if (error.code === 'ERR_MODULE_NOT_FOUND' && /find package/.test(error.message)) {
    const directory = decodeURIComponent(new URL('..', import.meta.url).pathname)
    return `push-relay is not completely installed: run \`npm ci\` in ${directory}`
  }
  if (error.code === 'ERR_UNSUPPORTED_NODE_MODULES_TYPE_STRIPPING') {
    return 'push-relay runs from a clone of its repository or a container, not from node_modules.'
  }
  return `push-relay cannot be loaded:\n${error.stack}`
}

function fail(line) {
  process.stderr.write(`${line}\n`)
  process.exit(1)
}
