import { allVariables } from '../../src/config/all-variables.ts'
import { PROVIDERS } from '../../src/providers/providers.ts'

/** The configuration table of the README; `npx node test/config/variable-table.ts` prints it. */
export function variableTable(): string {
  const rows = allVariables(PROVIDERS).map(
    ({ name, default: text, meaning }) =>
      `| \`${name}\` | ${text === undefined ? '–' : `\`${text}\``} | ${meaning.replaceAll('|', '\\|')} |`,
  )
  return ['| variable | default | |', '|---|---|---|', ...rows].join('\n')
}

if (import.meta.main) console.log(variableTable())
