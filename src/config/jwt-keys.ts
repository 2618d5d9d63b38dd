import type { JwtConfig, JwtKey } from './config.ts'
import { domain } from './domain-name.ts'
import { type ConfigSources, readKeyFile } from './key-file.ts'
import { allGood, bad, good, type Parsed, parseList } from './parsed.ts'
import type { Problems } from './problems.ts'
import { VARIABLES, type Values } from './variables.ts'
import { parseVerificationKey } from './verification-key.ts'

interface KeyFile {
  domain: string | undefined
  path: string
  position: string
}

/** Undefined when no key file is named: then only admins register devices. */
export function readJwtConfig(
  values: Partial<Values>,
  sources: ConfigSources,
  problems: Problems,
): JwtConfig | undefined {
  if (values.jwtKeyFile === undefined) return undefined
  const files = parseList(values.jwtKeyFile, (entry, position) =>
    parseEntry(entry, position, values.xmppDomain),
  )
  const keys = files.ok ? allGood(files.value.map(file => readKey(file, sources))) : files
  if (keys.ok) return { jidClaim: values.jwtJidClaim ?? VARIABLES.jwtJidClaim.default, keys: keys.value }
  for (const problem of keys.problems) problems.add(VARIABLES.jwtKeyFile.name, problem)
  return undefined
}

/** `example.org=path`, or a bare path, which speaks for the relay's domain, or for every one when it has none. */
function parseEntry(entry: string, position: string, ownDomain: string | undefined): Parsed<KeyFile> {
  const named = /^([^=/\\]+)=(.+)$/.exec(entry)
  if (!named) return good({ domain: ownDomain, path: entry, position })
  const name = domain((named[1] ?? '').trim())
  if (!name.ok) return bad(`${position}before the =, there must be a domain such as example.org`)
  return good({ domain: name.value, path: (named[2] ?? '').trim(), position })
}

function readKey(file: KeyFile, sources: ConfigSources): Parsed<JwtKey> {
  const bytes = readKeyFile(file.path, sources)
  const jwk = bytes.ok ? parseVerificationKey(bytes.value.toString('utf8')) : bytes
  if (jwk.ok) return good({ domain: file.domain, jwk: jwk.value })
  return bad(...jwk.problems.map(problem => `${file.position}${problem}`))
}
