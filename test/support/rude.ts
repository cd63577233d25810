/**
 * Nodes that say what no application may.
 * @module
 */
import type { ChildTools, Protocol, ProtocolTypes } from '../../index.ts'

/** In place of the network's own sub-protocols: does this with whoever it meets. */
export const meeting = <T extends ProtocolTypes>(
  say: (send: (message: T['message']) => void, after: ChildTools<T>['after']) => void,
): Pick<Protocol<T>, 'children'> => ({
  children: [
    {
      name: 'rude',
      restart: 'temporary',
      keep: () => undefined,
      start(tools) {
        tools.watch({
          active({ name }) {
            say((message) => tools.send(name, message), tools.after)
          },
        })
        return () => undefined
      },
    },
  ],
})

/** In place of the network's own sub-protocols: says this to whoever it meets. */
export const saying = <T extends ProtocolTypes>(
  protocol: Protocol<T>,
  ...messages: readonly T['message'][]
): Protocol<T> => ({
  ...protocol,
  ...meeting<T>((send) => {
    for (const message of messages) send(message)
  }),
})
