/**
 * Nodes that say what no application may.
 * @module
 */
import type { Protocol, ProtocolTypes } from '../../index.ts'

/** In place of the network's own sub-protocols: says this to whoever it meets. */
export const saying = <T extends ProtocolTypes>(
  protocol: Protocol<T>,
  ...messages: readonly T['message'][]
): Protocol<T> => ({
  ...protocol,
  children: [
    {
      name: 'rude',
      restart: 'temporary',
      keep: () => undefined,
      start(tools) {
        tools.watch({
          active({ name }) {
            for (const message of messages) tools.send(name, message)
          },
        })
        return () => undefined
      },
    },
  ],
})
