import type { WriteContext } from '../write-context.ts'

const MARK_INACTIVE = `
  UPDATE zeropush_device SET marked_inactive_at = ?1 WHERE recipient = ?2 AND marked_inactive_at IS NULL
  AND EXISTS (SELECT 1 FROM registration WHERE recipient = ?2 AND state <> 'active')`

/** After an effect on its registration: whoever asks for inactive tokens hears since when. */
export function noteInactive(context: WriteContext, recipient: string, at: number): void {
  context.sql(MARK_INACTIVE).run(at, recipient)
}
