import { dispatch } from './dispatch.ts'
import type { StartPart } from './part.ts'
import { payload } from './payload.ts'
import { readForm, readJson } from './reading.ts'
import { store } from './store.ts'
import { telemetry } from './telemetry.ts'
import { wire } from './wire.ts'

export const PARTS = {
  readJson,
  readForm,
  store,
  dispatch,
  payload,
  wire,
  telemetry,
} as const satisfies Record<string, StartPart>

export type PartName = keyof typeof PARTS
