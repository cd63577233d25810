/**
 * Opens the stream of a connection that we dial: resolves the name first where there is one. Its
 * connection's deadline covers both.
 * @module
 */
import type { Names } from '../world/names.ts'
import type { StepLoop } from '../world/step-loop.ts'
import type { SocketAddress, StreamId, Streams } from '../world/streams.ts'

export interface DiallerTools {
  readonly loop: StepLoop
  readonly names: Names
  readonly streams: Streams
}

/** IPv4 in dots, or anything with a colon, which no host name has. */
const IP_LITERAL = /^(?:\d{1,3}(?:\.\d{1,3}){3}|.*:.*)$/

/** Returns what calls a resolution off. `onUnresolved` runs in a later step. */
export function dial(
  { loop, names, streams }: DiallerTools,
  stream: StreamId,
  { host, port }: SocketAddress,
  onUnresolved: () => void,
): () => void {
  if (IP_LITERAL.test(host)) {
    streams.open(stream, { host, port })
    return () => undefined
  }
  const request = loop.ask((answer) => {
    const first = answer.kind === 'names.resolved' ? answer.hosts[0] : undefined
    if (first === undefined) onUnresolved()
    else streams.open(stream, { host: first, port })
  })
  names.resolve(request, host)
  return () => {
    loop.forget(request)
  }
}
