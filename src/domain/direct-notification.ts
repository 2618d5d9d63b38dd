import type { CustomData, DirectContent, DirectParts } from './direct-content.ts'
import type { Preview } from './registration.ts'

/** What a phone shows, and its app hears, of direct content. */
export interface ShownDirect {
  title: string
  body: string
  collapseKey?: string
  direct: DirectParts
  custom?: CustomData
}

interface Said {
  body?: string | undefined
  unread?: number | undefined
  direct: DirectContent
}

/**
 * As the preview allows, whoever wrote it: a text may be somebody's chat message. `sender` hides every text and leaves of the
 * data only `info.from`, where mod_zeropush names the sender; `none` leaves no data and no name of a sound or category.
 */
export function showDirect(said: Said, preview: Preview, previewText: string): ShownDirect {
  const parts = partsOf(said)
  if (preview === 'full')
    return {
      ...textsOf(said),
      ...customOf(said.direct),
      direct: { ...parts, ...alertOf(said.direct), isForApp: said.direct.data !== undefined },
    }
  const { sound, category, info } = said.direct
  const hidden = { title: '', body: parts.hasAlert ? previewText : '' }
  const left = { ...parts, hasBody: parts.hasAlert }
  if (preview === 'sender')
    return { ...hidden, ...senderIn(info), direct: { ...left, ...named({ sound, category }) } }
  return { ...hidden, direct: { ...left, ...named({ sound: sound && 'default' }) } }
}

function partsOf({ body, unread, direct }: Said): DirectParts {
  const { title, alert = {}, sound, contentAvailable = false } = direct
  const hasBody = body !== undefined
  const hasAlert = hasBody || title !== undefined || Object.keys(alert).length > 0
  const isSilent = !hasAlert && sound === undefined && unread === undefined
  const isAwake = contentAvailable || isSilent
  return { hasAlert, hasBody, alert: {}, contentAvailable: isAwake, isSilent, isForApp: false }
}

function textsOf({ body, direct: { title, collapseKey } }: Said) {
  return { title: title ?? '', body: body ?? '', ...(collapseKey === undefined ? {} : { collapseKey }) }
}

function alertOf({ alert = {}, sound, category }: DirectContent) {
  return { alert, ...named({ sound, category }) }
}

function named(words: { sound?: string | undefined; category?: string | undefined }) {
  const { sound, category } = words
  return { ...(sound === undefined ? {} : { sound }), ...(category === undefined ? {} : { category }) }
}

function customOf({ info, data }: DirectContent): { custom?: CustomData } {
  if (info === undefined && data === undefined) return {}
  return { custom: { ...data, ...(info === undefined ? {} : { info }) } }
}

function senderIn(info: CustomData | undefined): { custom?: CustomData } {
  const from = info?.from
  return typeof from === 'string' ? { custom: { info: { from } } } : {}
}
