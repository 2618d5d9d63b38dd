import assert from 'node:assert/strict'
import type { Config } from '../../src/config/config.ts'
import type { ConfigSources } from '../../src/config/key-file.ts'
import { readConfig } from '../../src/config/read-config.ts'
import type { ApnsConfig } from '../../src/providers/apns/apns-config.ts'
import { PROVIDERS } from '../../src/providers/providers.ts'

export const HOOK_TOKEN = 'hook-token-0123456789'
export const ADMIN_TOKEN = 'admin-token-0123456789'
export const NOW = Date.UTC(2030, 5, 1)

/** The least that is valid. */
export const BASE = {
  RELAY_HOOK_TOKENS: HOOK_TOKEN,
  RELAY_ADMIN_TOKENS: ADMIN_TOKEN,
  RELAY_APNS_ENVIRONMENT: 'simulator',
  RELAY_APNS_TOPICS: 'com.example.chat',
}

export type Variables = Record<string, string | undefined>
export type Files = Record<string, string | Buffer>

export function sourcesOf(files: Files): ConfigSources {
  return {
    now: () => NOW,
    readFile(path) {
      const content = files[path]
      if (content === undefined) throw Object.assign(new Error('no such file'), { code: 'ENOENT' })
      return Buffer.from(content)
    },
  }
}

/** The configuration made of BASE and `variables`; fails when there are problems. */
export function configOf(variables: Variables = {}, files: Files = {}): Config {
  const result = readConfig({ ...BASE, ...variables }, PROVIDERS, sourcesOf(files))
  assert.ok(result.ok, result.ok ? '' : result.problems.join('\n'))
  return result.config
}

/** The problems of BASE and `variables`. */
export function problemsOf(variables: Variables, files: Files = {}): string[] {
  const result = readConfig({ ...BASE, ...variables }, PROVIDERS, sourcesOf(files))
  return result.ok ? [] : result.problems
}

export function apnsOf(config: Config): ApnsConfig | undefined {
  return config.providers.get('apns') as ApnsConfig | undefined
}
