/**
 * Every chart of the core, of the networks and of the stand-ins, and one that no network has: with
 * whatever a chart can be written with.
 */
import { assign, fromCallback, setup } from 'xstate'
import { lines } from '../../examples/smallest-network.ts'
import { connectionMachine } from '../../machines/connection.ts'
import { rootMachine } from '../../machines/root.ts'
import { native } from '../../protocols/native.ts'
import { bound } from '../contracts/fits/bound.ts'
import { keyed } from '../contracts/fits/keyed.ts'
import { oneWay } from '../contracts/fits/one-way.ts'
import { plain } from '../contracts/fits/plain.ts'
import { sniffing } from '../contracts/fits/sniffing.ts'
import { keyOf } from '../contracts/seats.ts'

const key = keyOf('listener')

export const odd = setup({
  types: {} as { context: { readonly waitMs: number; readonly count: number } },
  actors: { reader: fromCallback(() => undefined) },
  actions: { count: assign({ count: ({ context }) => context.count + 1 }) },
  guards: { is: (_, text: string) => text === 'it' },
  delays: { waitMs: ({ context }) => context.waitMs, sleepyMs: 1_500 },
}).createMachine({
  id: 'odd-one',
  context: { waitMs: 7, count: 0 },
  type: 'parallel',
  on: { '*': { actions: 'count' } },
  states: {
    left: {
      initial: 'up',
      states: {
        up: {
          exit: 'count',
          on: {
            'go: on; "now"': {
              guard: { type: 'is', params: 'it: {or}; not\nit' },
              target: 'down',
              reenter: true,
            },
            back: { guard: () => true, actions: [() => undefined, assign({ count: 0 })] },
          },
          after: { 250: 'down', waitMs: 'down', sleepyMs: { actions: 'count' } },
        },
        down: { type: 'final' },
      },
      onDone: { actions: 'count' },
    },
    right: {
      invoke: { id: 'reading', src: 'reader', onDone: '.b', onError: { target: '.a' } },
      initial: 'a',
      states: {
        a: { on: { both: { target: ['#odd-one.left.down', '#odd-one.right.b'] } } },
        b: { tags: ['holding'], on: { again: { target: 'b', reenter: true }, nothing: {} } },
        past: { type: 'history' },
        deep: { type: 'parallel', states: { one: {}, two: { on: { ring: '#odd-one.right.b' } } } },
      },
    },
  },
})

export const EVERY_CHART: readonly (readonly [name: string, logic: object])[] = [
  ['root', rootMachine],
  ['connection', connectionMachine],
  ['native', native({ network: 'test', privateKey: key }).session],
  ['bound', bound(key).session],
  ['keyed', keyed(key).session],
  ['one-way', oneWay(key).session],
  ['plain', plain().session],
  ['sniffing', sniffing().session],
  ['lines', lines().session],
  ['odd-one', odd],
]
