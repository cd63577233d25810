/**
 * The cases of the streams' contract about `destroy`, in every state that a stream can be in.
 * @module
 */
import { deepEqual, equal } from 'node:assert/strict'
import type { StreamId } from '../world/streams.ts'
import { MEBIBYTE } from './streams-sides.ts'
import type { Run, Sides } from './streams-sides.ts'

/** Brings a stream of the dialler's into a state; returns its number. */
type Reach = (sides: Sides) => Promise<StreamId>

const STATES: Readonly<Record<string, Reach>> = {
  'was never opened': () => Promise.resolve(998),
  opens: async ({ listen, dialler }) => {
    dialler.streams.open(2, await listen())
    return 2
  },
  'is refused': async ({ deadAddress, dialler }) => {
    dialler.streams.open(2, await deadAddress())
    return 2
  },
  'has no address': ({ dialler }) => {
    dialler.streams.open(2, { host: 'localhost', port: 1 })
    return Promise.resolve(2)
  },
  'opens with bytes written': async ({ listen, dialler }) => {
    dialler.streams.open(2, await listen())
    dialler.streams.write(2, new Uint8Array(300_000))
    dialler.streams.end(2)
    return 2
  },
  'is open and paused': async ({ listen, connect }) => (await connect(await listen())).dialled,
  'sends and receives': async ({ listen, connect, dialler, listener }) => {
    const { dialled, accepted } = await connect(await listen())
    dialler.streams.resume(dialled)
    dialler.streams.write(dialled, new Uint8Array(8 * MEBIBYTE))
    listener.streams.write(accepted, new Uint8Array(MEBIBYTE))
    return dialled
  },
  'was asked to report': async ({ listen, connect, dialler }) => {
    const { dialled } = await connect(await listen())
    dialler.streams.report(dialled)
    return dialled
  },
  'has ended its side': async ({ listen, connect, dialler }) => {
    const { dialled } = await connect(await listen())
    dialler.streams.write(dialled, new Uint8Array(1_000))
    dialler.streams.end(dialled)
    return dialled
  },
  'was ended by the far side': async ({ listen, connect, dialler, listener, until }) => {
    const { dialled, accepted } = await connect(await listen())
    dialler.streams.resume(dialled)
    listener.streams.end(accepted)
    await until(() => dialler.has(dialled, 'stream.ended'), 'the end')
    return dialled
  },
  'has ended on both sides': async ({ listen, connect, dialler, listener, until }) => {
    const { dialled, accepted } = await connect(await listen())
    dialler.streams.resume(dialled)
    listener.streams.resume(accepted)
    listener.streams.end(accepted)
    dialler.streams.end(dialled)
    await until(() => dialler.streams.held().streams === 0, 'release')
    return dialled
  },
  'is broken': async ({ deadAddress, dialler, until }) => {
    dialler.streams.open(2, await deadAddress())
    await until(() => dialler.has(2, 'stream.failed'), 'the fault')
    return 2
  },
}

export const releasingCases: readonly (readonly [string, Run])[] = [
  ...Object.entries(STATES).map(([state, reach]): readonly [string, Run] => [
    `destroys a stream that ${state}: at once, once and for all, and in silence`,
    async (sides) => {
      const { streams } = sides.dialler
      const stream = await reach(sides)
      streams.destroy(stream)
      equal(streams.held().streams, 0)
      streams.destroy(stream)
      streams.write(stream, Uint8Array.of(1))
      streams.pause(stream)
      streams.resume(stream)
      streams.report(stream)
      streams.end(stream)
      streams.destroy(stream)
      equal(streams.held().streams, 0)
      // That nothing is told of it any more is held for every case.
      await sides.quiet()
    },
  ]),
  [
    'leaves nothing behind of 200 streams',
    async ({ listen, connect, dialler, listener, until }) => {
      const address = await listen()
      for (let count = 0; count < 200; count++) {
        const { dialled, accepted } = await connect(address)
        deepEqual(dialler.streams.held(), { streams: 1, listeners: 0 })
        dialler.streams.resume(dialled)
        listener.streams.resume(accepted)
        dialler.streams.write(dialled, new Uint8Array(100))
        if (count % 2 === 0) {
          dialler.streams.destroy(dialled)
          await until(() => listener.told(accepted).length > 0, 'the far side to notice')
          listener.streams.destroy(accepted)
        } else {
          dialler.streams.end(dialled)
          listener.streams.end(accepted)
          await until(() => dialler.streams.held().streams === 0, 'release on one side')
          await until(() => listener.streams.held().streams === 0, 'release on the other')
        }
      }
      deepEqual(dialler.streams.held(), { streams: 0, listeners: 0 })
      deepEqual(listener.streams.held(), { streams: 0, listeners: 1 })
    },
  ],
]
