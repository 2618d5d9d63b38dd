import type { HeaderEncoder } from './hpack/header-encoder.ts'
import type { Http2Request } from './http2-client.ts'
import type { OutputBuffer } from './output-buffer.ts'

/** The field block of a request: control data first (RFC 9113 §8.3.1), then what comes again, then what is new. */
export function writeRequestBlock(
  output: OutputBuffer,
  encoder: HeaderEncoder,
  authority: string,
  { method, path, headers, uniqueHeaders }: Http2Request,
): void {
  encoder.begin(output)
  encoder.repeated(output, ':method', method)
  encoder.repeated(output, ':scheme', 'https')
  encoder.repeated(output, ':authority', authority)
  encoder.unique(output, ':path', path)
  encoder.repeatedAll(output, headers)
  for (const name in uniqueHeaders) encoder.unique(output, name, uniqueHeaders[name] ?? '')
}
