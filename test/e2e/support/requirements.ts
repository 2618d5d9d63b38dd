import { spawnSync } from 'node:child_process'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

const CTL = '/usr/sbin/ejabberdctl'
const ERLANG_LIBS = '/usr/lib/erlang/lib'
/** Debian installs python3-slixmpp for its own interpreter only. */
export const PYTHON = '/usr/bin/python3'

/** Where Debian keeps what runs ejabberd and compiles a module for it. */
export interface Installation {
  ctl: string
  erlLibs: string
  includes: string[]
}

export const installation: Installation | undefined = findInstallation()

/** For `test(…, { skip })`: the one reason why the tests with a real ejabberd cannot run here, or false. */
export const skip: string | false = missing()

function missing(): string | false {
  if (installation === undefined)
    return 'needs Debian packages: ejabberd erlang-dev erlang-eunit python3-slixmpp'
  if (spawnSync('erlc', ['-help']).error !== undefined) return 'needs erlc (Debian package: erlang-base)'
  if (spawnSync(PYTHON, ['-c', 'import slixmpp']).status !== 0)
    return 'needs an XMPP client (Debian package: python3-slixmpp)'
  return false
}

function findInstallation(): Installation | undefined {
  if (!existsSync(CTL) || !existsSync(ERLANG_LIBS)) return undefined
  const erlLibs = /^ERL_LIBS='?([^'\n]+)'?$/m.exec(readFileSync(CTL, 'utf8'))?.[1]
  if (erlLibs === undefined || !existsSync(erlLibs)) return undefined
  const includes = [...includeOf(erlLibs, 'ejabberd'), ...includeOf(ERLANG_LIBS, 'p1_xmpp', 'p1_xml')]
  const isComplete = includes.length >= 3 && includeOf(ERLANG_LIBS, 'eunit').length > 0
  return isComplete ? { ctl: CTL, erlLibs, includes } : undefined
}

function includeOf(folder: string, ...apps: string[]): string[] {
  return readdirSync(folder)
    .filter(name => apps.some(app => name.startsWith(`${app}-`)))
    .map(name => join(folder, name, 'include'))
    .filter(existsSync)
}
