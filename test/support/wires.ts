/**
 * Manifests whose wires write something else than they are told to.
 * @module
 */
import type { Outgoing, Protocol, ProtocolTypes } from '../../index.ts'

type Messages<T extends ProtocolTypes> = readonly Outgoing<T['message']>[]

/** The same network; each write is of what `change` makes of it, and of nothing where that is empty. */
export const writingInstead = <T extends ProtocolTypes>(
  protocol: Protocol<T>,
  change: (messages: Messages<T>, out: (bytes: Uint8Array) => void) => Messages<T>,
): Protocol<T> => ({
  ...protocol,
  wire(setup) {
    const wire = protocol.wire(setup)
    return {
      ...wire,
      get bufferedBytes() {
        return wire.bufferedBytes
      },
      write(messages) {
        const instead = change(messages, setup.out)
        if (instead.length > 0) wire.write(instead)
      },
    }
  },
})

/** Writes other messages, or bytes as they are, in place of each that it is to write; undefined: nothing. */
export const rewriting = <T extends ProtocolTypes>(
  protocol: Protocol<T>,
  rewrite: (message: T['message']) => Messages<T> | T['message'] | Uint8Array | undefined,
): Protocol<T> =>
  writingInstead(protocol, (messages, out) =>
    messages.flatMap((message) => {
      const instead = 'raw' in message ? message : rewrite(message)
      if (!(instead instanceof Uint8Array)) return instead ?? []
      out(instead)
      return []
    }),
  )
