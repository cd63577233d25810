import type { Protocol } from '../../index.ts'
import type { NativeTypes } from '../../protocols/native.ts'

type Tools = Parameters<NonNullable<Protocol<NativeTypes>['children']>[number]['start']>[0]

/** In place of the network's own sub-protocols: says to whoever it meets what no application may. */
export const saying = (
  say: (send: (message: NativeTypes['message']) => void, after: Tools['after']) => void,
): Partial<Protocol<NativeTypes>> => ({
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
