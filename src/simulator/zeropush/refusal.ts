/** `newer`: a word, a message and a reference; `older`: a word. Clients of both are about. */
export type ErrorStyle = 'newer' | 'older'

/** All that clients have seen. */
export type ErrorWord = 'authorization error' | 'quota error' | 'configuration error' | 'record not found'

export interface Refusal {
  status: number
  message: string
  /** Left out where nobody has seen which there was. */
  word?: ErrorWord
}

export function refusal(status: number, message: string, word?: ErrorWord): Refusal {
  return { status, message, ...(word === undefined ? {} : { word }) }
}

export function isRefusal(value: object): value is Refusal {
  return 'message' in value && 'status' in value
}

/** The body of an answer that refuses. */
export function errorBody(
  { status, word = 'bad request', message }: LooseRefusal,
  style: ErrorStyle,
): object {
  if (style === 'older') return { error: status === 401 ? 'unauthorized' : word }
  return { error: word, message, reference_url: 'https://zeropush.com/documentation/api_reference' }
}

type LooseRefusal = Omit<Refusal, 'word'> & { word?: string }
