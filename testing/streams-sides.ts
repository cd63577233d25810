/**
 * The two sides on which the cases of the streams' contract run, and what each of them begins with.
 * @module
 */
import type { Random } from '../world/random.ts'
import type { ListenerId, SocketAddress, StreamId, Streams } from '../world/streams.ts'
import { quiet, startStreams, until } from './transport-handle.ts'
import type { StreamsHandle, Turn } from './transport-handle.ts'

/** Two sides that can reach each other, neither started. */
export interface StreamsPlace {
  readonly dialler: Streams
  readonly listener: Streams
  /** An address of the listener's, in canonical form. */
  readonly host: string
  readonly turn: Turn
  release(): Promise<void>
}

export interface StreamsSubject {
  start(): Promise<StreamsPlace>
  /** Draws the sizes of chunks and their bytes. */
  readonly random: Random
}

export interface Sides {
  readonly dialler: StreamsHandle
  readonly listener: StreamsHandle
  readonly host: string
  readonly random: Random
  until(isSo: () => boolean, what: string): Promise<void>
  quiet(): Promise<void>
  /** Listens on a free port. */
  listen(listener?: ListenerId, port?: number): Promise<SocketAddress>
  /** A stream of which both sides were told. */
  connect(address: SocketAddress): Promise<Connected>
  /** An address where nobody listens. */
  deadAddress(): Promise<SocketAddress>
}

export interface Connected {
  readonly dialled: StreamId
  readonly accepted: StreamId
}

export type Run = (sides: Sides) => Promise<void>

export const MEBIBYTE = 1_024 * 1_024

export function startSides(place: StreamsPlace, random: Random): Sides {
  const dialler = startStreams(place.dialler)
  const listener = startStreams(place.listener)
  const waitUntil = (isSo: () => boolean, what: string): Promise<void> =>
    until(place.turn, isSo, what)
  let nextStream = 2
  let nextListener = 100

  const listen = async (id: ListenerId = nextListener++, port = 0): Promise<SocketAddress> => {
    listener.streams.listen(id, { host: place.host, port })
    await waitUntil(() => listener.toldOfListener(id).length > 0, 'the answer to listen')
    const [answer] = listener.toldOfListener(id)
    if (answer?.kind !== 'listener.listening') throw new Error(`not listening: ${answer?.kind}`)
    return answer.address
  }

  return {
    dialler,
    listener,
    host: place.host,
    random,
    until: waitUntil,
    quiet: () => quiet(place.turn),
    listen,
    async connect(address) {
      const dialled = nextStream
      nextStream += 2
      const isAccepted = (count: number): boolean =>
        listener.inputs.filter(({ kind }) => kind === 'listener.accepted').length === count
      let before = 0
      while (!isAccepted(before)) before++
      dialler.streams.open(dialled, address)
      await waitUntil(() => dialler.told(dialled).length > 0 && isAccepted(before + 1), 'a stream')
      const accepted = listener.inputs.findLast(({ kind }) => kind === 'listener.accepted')
      if (accepted?.kind !== 'listener.accepted') throw new Error('nothing was accepted')
      return { dialled, accepted: accepted.stream }
    },
    async deadAddress() {
      const id = nextListener++
      const address = await listen(id)
      listener.streams.unlisten(id)
      return address
    },
  }
}
