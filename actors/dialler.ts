/**
 * Opens the stream of a connection that we dial: resolves the name first where there is one. Its
 * connection's deadline covers both.
 * @module
 */
import { canonicalHost } from '../codec/host.ts'
import type { Names } from '../world/names.ts'
import type { StepLoop } from '../world/step-loop.ts'
import type { SocketAddress, StreamId, Streams } from '../world/streams.ts'

export interface DiallerTools {
  readonly loop: StepLoop
  readonly names: Names
  readonly streams: Streams
}

/**
 * Returns what calls a resolution off; undefined where there is none. The others run in a later step.
 * `choose` picks one of the hosts that a name leads to; where it answers undefined the stream is not
 * opened.
 */
export function dial(
  { loop, names, streams }: DiallerTools,
  stream: StreamId,
  { host, port }: SocketAddress,
  choose: (hosts: readonly string[]) => string | undefined,
  onUnresolved: () => void,
): (() => void) | undefined {
  if (canonicalHost(host) !== undefined) {
    streams.open(stream, { host, port })
    return undefined
  }
  const request = loop.ask((answer) => {
    if (answer.kind !== 'names.resolved' || answer.hosts.length === 0) {
      onUnresolved()
      return
    }
    const chosen = choose(answer.hosts)
    if (chosen !== undefined) streams.open(stream, { host: chosen, port })
  })
  names.resolve(request, host)
  return () => {
    loop.forget(request)
    names.forget(request)
  }
}
