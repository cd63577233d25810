/**
 * Where the recorder of one connection writes: it keeps the order and the nesting of what happens, and
 * notes the step, the turn and the credit wherever they have changed. Whatever fails here ends the
 * recording and never the connection.
 * @module
 */
import type { ProtocolTypes } from '../machines/session.ts'
import type { StepLoop } from '../world/step-loop.ts'
import type { Turns } from '../actors/turns.ts'
import type {
  Answer,
  Ask,
  CallResult,
  ConnectionCall,
  ConnectionEntry,
  Deed,
  FinalState,
  OverReason,
  SecretMessage,
  SlotChange,
} from './connection-entries.ts'
import { withoutCheck } from './connection-seal.ts'
import type { Seal } from './connection-seal.ts'
import { copyPlain, encodeCopied, encodePlain } from './plain-data.ts'

/** Where the entries of one connection go. What it throws ends the recording. */
export interface EntryTaker<T extends ProtocolTypes> {
  entry(entry: ConnectionEntry<T>): void
  /** The next message among the secrets. */
  message(message: T['message']): void
  /** The next keys among the secrets. */
  keys(keys: T['keys']): void
}

export interface TapeOptions<T extends ProtocolTypes> {
  readonly loop: Pick<StepLoop, 'stalledMs' | 'step'>
  readonly turns: Pick<Turns, 'number'>
  readonly seal: Seal
  readonly taker: EntryTaker<T>
  /** Of entries and secrets, as msgpack. */
  readonly bytesMax: number
  exhausted(): boolean
  final(): FinalState | undefined
  isClosed(): boolean
  onOver(why: OverReason, error?: unknown): void
}

export interface Tape<T extends ProtocolTypes> {
  readonly isRunning: boolean
  /** A call into the connection, done; what it does meanwhile stands inside it. */
  call(call: () => ConnectionCall<T>, run: () => void): void
  /** A call that is answered. */
  callFor<Value extends CallResult>(call: () => ConnectionCall<T>, run: () => Value): Value
  deed(deed: () => Deed): void
  /** Something is asked of the node; what the node calls meanwhile stands inside it. */
  ask<Value>(ask: () => Ask, run: () => Value, answer: (value: Value) => Answer<T>): Value
  /** A message to send, put among the secrets. */
  given(message: T['message']): SecretMessage
  /** The message that was given before, where it is that one. */
  givenAgain(message: T['message']): SecretMessage
  slot(slot: string, keys: T['keys'] | undefined): SlotChange
  readonly seal: Seal
  over(why: OverReason, error?: unknown): void
}

export function createTape<T extends ProtocolTypes>(options: TapeOptions<T>): Tape<T> {
  const { loop, seal, taker, turns } = options
  const numbers = new WeakMap<object, SecretMessage>()
  let isRunning = true
  let depth = 0
  let bytes = 0
  let stepNumber: number | undefined
  let turn: number | undefined
  let exhausted: boolean | undefined
  let messages = 0
  let slots = 0

  const over = (why: OverReason, error?: unknown): void => {
    if (!isRunning) return
    isRunning = false
    try {
      const entry = copyPlain({ of: 'over', why, final: options.final(), check: '' } as const)
      taker.entry({ ...entry, check: seal.check(encodeCopied(entry)) })
    } catch (failed) {
      options.onOver('failed', failed)
      return
    }
    options.onOver(why, error)
  }

  /** What is recorded fails by itself alone. */
  const guarded = (record: () => void): void => {
    if (!isRunning) return
    try {
      record()
    } catch (error) {
      over('failed', error)
    }
  }

  const count = (encoded: Uint8Array): boolean => {
    bytes += encoded.length
    if (bytes <= options.bytesMax) return true
    over('full')
    return false
  }

  /** It is the recording's own from now on. */
  const putOwn = (entry: ConnectionEntry<T>): void => {
    if (!isRunning) return
    const encoded = encodeCopied(entry)
    if (!count(encoded)) return
    seal.add(encoded)
    taker.entry(entry)
  }

  /** What is in it was lent. */
  const put = (entry: ConnectionEntry<T>): void => {
    if (isRunning) putOwn(copyPlain(entry))
  }

  const noteStep = (): void => {
    const { step, stalledMs } = loop
    if (step.number === stepNumber) return
    stepNumber = step.number
    const { monotonicMs, wallMs } = step
    const entry = { of: 'step', monotonicMs, wallMs, stalledMs, check: '' } as const
    const encoded = encodeCopied(withoutCheck<T>(entry))
    if (count(encoded)) taker.entry({ ...entry, check: seal.check(encoded) })
  }

  const noteState = (): void => {
    if (turns.number !== turn) {
      turn = turns.number
      putOwn({ of: 'turn', number: turn })
    }
    const isExhausted = options.exhausted()
    if (isExhausted !== exhausted) {
      exhausted = isExhausted
      putOwn({ of: 'credit', exhausted })
    }
  }

  const secret = (value: unknown, keep: () => void): string => {
    keep()
    count(encodePlain(value))
    return seal.keyedHash(value)
  }

  const given = (message: T['message']): SecretMessage => {
    const copy = copyPlain(message)
    const hash = secret(copy, () => {
      taker.message(copy)
    })
    const named: SecretMessage = { message: messages++, type: message.type, hash }
    numbers.set(message, named)
    return named
  }

  const callFor = <Value extends CallResult>(
    call: () => ConnectionCall<T>,
    run: () => Value,
  ): Value => {
    guarded(() => {
      if (depth === 0) noteStep()
      noteState()
      put({ of: 'in', call: call() })
    })
    depth++
    try {
      const result = run()
      guarded(() => {
        putOwn({ of: 'done', result })
      })
      return result
    } catch (error) {
      guarded(() => {
        putOwn({ of: 'threw' })
      })
      throw error
    } finally {
      depth--
      if (depth === 0 && options.isClosed()) over('closed')
    }
  }

  return {
    get isRunning() {
      return isRunning
    },
    seal,
    call(call, run) {
      callFor(call, () => {
        run()
        return undefined
      })
    },
    callFor,
    deed(deed) {
      guarded(() => {
        putOwn({ of: 'did', deed: deed() })
      })
    },
    ask(ask, run, answer) {
      guarded(() => {
        putOwn({ of: 'out', ask: ask() })
      })
      try {
        const value = run()
        guarded(() => {
          noteState()
          put({ of: 'back', answer: answer(value) })
        })
        return value
      } catch (error) {
        guarded(() => {
          noteState()
          putOwn({ of: 'threw' })
        })
        throw error
      }
    },
    given,
    givenAgain: (message) => numbers.get(message) ?? given(message),
    slot(slot, keys) {
      if (keys === undefined) return { slot, keys: undefined, hash: '' }
      const copy = copyPlain(keys)
      const hash = secret(copy, () => {
        taker.keys(copy)
      })
      return { slot, keys: slots++, hash }
    },
    over,
  }
}
