/**
 * What a log line may say of an error that nobody foresaw: its kind and its place. Not its message: V8 quotes what it could
 * not parse, and a path may hold a device token.
 */
export function describeError(error: unknown): {
  name: string
  code?: string
  reason?: string
  frames: string[]
} {
  if (!(error instanceof Error)) return { name: typeof error, frames: [] }
  const { code, reason } = error as { code?: unknown; reason?: unknown }
  const frames = (error.stack ?? '').split('\n').filter(line => line.startsWith('    at '))
  return {
    name: error.name,
    ...(typeof code === 'string' ? { code } : {}),
    ...(typeof reason === 'string' ? { reason } : {}),
    frames: frames.map(frame => frame.trim()),
  }
}
