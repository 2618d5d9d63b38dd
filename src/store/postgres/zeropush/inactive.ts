import type { WriteContext } from '../write-context.ts'

const MARK_INACTIVE = {
  text: `UPDATE zeropush_device SET marked_inactive_at = $1 WHERE recipient = $2 AND marked_inactive_at IS NULL
    AND EXISTS (SELECT FROM registration WHERE recipient = $2 AND state <> 'active')`,
}

/** After an effect on its registration: whoever asks for inactive tokens hears since when. */
export async function noteInactive(context: WriteContext, recipient: string, at: number): Promise<void> {
  await context.query(MARK_INACTIVE, [at, recipient])
}
