import { writeSettings, writeWindowUpdate } from './frames/frame-writer.ts'
import type { OutputBuffer } from './output-buffer.ts'
import { DEFAULT_WINDOW_SIZE, SETTINGS } from './settings.ts'
import { MAX_HEADER_LIST_SIZE } from './stream-frames.ts'

const PREFACE = 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'

/** What the peer may send before we give credit anew: enough for a thousand short answers at once. */
export const CONNECTION_WINDOW = 1024 * 1024

/** What a client says first (RFC 9113 §3.4): no pushes, please; and room for many answers (§6.9.2). */
export function writePreface(output: OutputBuffer): void {
  output.text(PREFACE)
  writeSettings(output, [
    [SETTINGS.ENABLE_PUSH, 0],
    [SETTINGS.MAX_HEADER_LIST_SIZE, MAX_HEADER_LIST_SIZE],
  ])
  writeWindowUpdate(output, 0, CONNECTION_WINDOW - DEFAULT_WINDOW_SIZE)
}
