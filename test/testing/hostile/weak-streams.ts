/**
 * What weak nodes make of their streams: each of these stands between the network and a node, and takes
 * one strength from it.
 */
import type { ListenerInput, StreamId, StreamInput, Streams } from '../../../world/streams.ts'

type Input = StreamInput | ListenerInput
type Enter = (input: Input) => void

const hearing = (streams: Streams, hear: (input: Input, enter: Enter) => void): Streams => ({
  ...streams,
  start(enter) {
    streams.start((input) => {
      hear(input, enter)
    })
  },
})

/** Whoever comes after so many is never looked at. */
export const takesIn =
  (count: number) =>
  (streams: Streams): Streams => {
    let accepted = 0
    return hearing(streams, (input, enter) => {
      if (input.kind !== 'listener.accepted' || ++accepted <= count) enter(input)
    })
  }

/** Streams are given up, and not closed. */
export const closesNothing = (streams: Streams): Streams => {
  const givenUp = new Set<StreamId>()
  return {
    ...hearing(streams, (input, enter) => {
      if (!('stream' in input && givenUp.has(input.stream))) enter(input)
    }),
    end: () => undefined,
    destroy(stream) {
      givenUp.add(stream)
    },
  }
}

/** A delivery is taken for a whole unit: what is shorter than any is passed over. */
export const passesOver =
  (bytes: number) =>
  (streams: Streams): Streams =>
    hearing(streams, (input, enter) => {
      if (input.kind !== 'stream.bytes' || input.bytes.length >= bytes) enter(input)
    })

/** A delivery is taken for one unit: what is longer than any ends the stream. */
export const endsAtMoreThan =
  (bytes: number) =>
  (streams: Streams): Streams =>
    hearing(streams, (input, enter) => {
      const isLong = input.kind === 'stream.bytes' && input.bytes.length > bytes
      enter(isLong ? { kind: 'stream.ended', stream: input.stream } : input)
    })

/** Once one stream has brought so much, nobody else is let in. */
export const busyAfter =
  (bytes: number) =>
  (streams: Streams): Streams => {
    const received = new Map<StreamId, number>()
    return hearing(streams, (input, enter) => {
      if (input.kind === 'stream.bytes') {
        received.set(input.stream, (received.get(input.stream) ?? 0) + input.bytes.length)
      }
      const isBusy = [...received.values()].some((count) => count > bytes)
      if (input.kind !== 'listener.accepted' || !isBusy) enter(input)
    })
  }

/** That a stream broke kills the listener. */
export const diesOfResets = (streams: Streams): Streams => {
  let isDead = false
  return hearing(streams, (input, enter) => {
    if (input.kind === 'stream.failed') isDead = true
    if (input.kind !== 'listener.accepted' || !isDead) enter(input)
  })
}
