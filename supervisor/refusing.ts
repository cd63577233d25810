/**
 * What a stream that is refused at accept is told before it is closed, where its network has a word for
 * it. Nothing of it is read, and no connection is made of it.
 *
 * A flood gets no answer: so many are told at once, and the rest is closed without a word.
 * @module
 */
import type { Protocol, RefusalReason } from '../actors/protocol.ts'
import { joinedPieces } from '../codec/bytes.ts'
import type { ProtocolTypes } from '../machines/session.ts'
import type { CryptoBackend } from '../world/crypto.ts'
import type { Random } from '../world/random.ts'
import type { StepLoop } from '../world/step-loop.ts'
import type { Timer } from '../world/timers.ts'
import type { StreamId, Streams } from '../world/streams.ts'
import { CORE_LIMITS } from './limits.ts'

export interface RefusingOptions<T extends ProtocolTypes> {
  readonly crypto: CryptoBackend
  readonly loop: StepLoop
  readonly protocol: Protocol<T>
  readonly random: Random
  readonly streams: Streams
}

export interface Refusing {
  /** The stream is this one's from now on. `banMs`: the rest of a ban. */
  refuse(stream: StreamId, why: RefusalReason, banMs: number | undefined): void
  /** Nobody is told anything any more. */
  stop(): void
}

export function createRefusing<T extends ProtocolTypes>({
  crypto,
  loop,
  protocol,
  random,
  streams,
}: RefusingOptions<T>): Refusing {
  /** Told, and not closed yet: what they are told is on its way. */
  const leaving = new Map<StreamId, Timer>()

  const tell = (stream: StreamId, message: T['message']): void => {
    const wire = protocol.wire({
      role: 'listener',
      target: undefined,
      dial: undefined,
      random,
      crypto,
      out: (bytes) => {
        streams.write(stream, joinedPieces(bytes))
      },
    })
    wire.write([message])
    wire.wipe()
  }

  return {
    refuse(stream, why, banMs) {
      const isFlood = leaving.size >= CORE_LIMITS.refusalsMax
      const message = isFlood ? undefined : protocol.refusal?.(why, banMs)
      if (message === undefined) {
        streams.destroy(stream)
        return
      }
      tell(stream, message)
      streams.end(stream)
      const close = (): void => {
        leaving.delete(stream)
        streams.destroy(stream)
      }
      leaving.set(stream, loop.after(protocol.deadlines.flushMs, close))
    },
    stop() {
      for (const [stream, timer] of leaving) {
        loop.cancel(timer)
        streams.destroy(stream)
      }
      leaving.clear()
    },
  }
}
