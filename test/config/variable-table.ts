import { allVariables } from '../../src/config/all-variables.ts'
import { PROVIDERS } from '../../src/providers/providers.ts'

/** The configuration table of the README; `npm run variables` puts it there. */
export function variableTable(): string {
  const rows = allVariables(PROVIDERS).map(
    ({ name, default: text, meaning }) =>
      `| \`${name}\` | ${text === undefined ? '–' : `\`${text}\``} | ${meaning.replaceAll('|', '\\|')} |`,
  )
  return ['| variable | default | |', '|---|---|---|', ...rows].join('\n')
}
