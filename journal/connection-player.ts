/**
 * Plays a connection's recording: each recorded call enters a connection that is made anew, and each
 * thing that it does or asks is held against the recording as it happens. The first difference ends
 * it. From any step on the player can be let go: then nothing is compared any more.
 * @module
 */
import { createConnection } from '../actors/connection.ts'
import type { Connection } from '../actors/connection-contract.ts'
import type { Protocol } from '../actors/protocol.ts'
import { connectionMachine } from '../machines/connection.ts'
import type { ProtocolTypes } from '../machines/session.ts'
import type { CryptoBackend } from '../world/crypto.ts'
import type {
  Answer,
  Ask,
  CallResult,
  ConnectionCall,
  ConnectionEntry,
  ConnectionRecording,
  ConnectionSecrets,
  Deed,
  SecretMessage,
} from './connection-entries.ts'
import { printEntry } from './connection-print.ts'
import { finalStateOf } from './connection-recorder.ts'
import { createSeal, withoutCheck } from './connection-seal.ts'
import { createStub } from './connection-stub.ts'
import type { Asked, Stub } from './connection-stub.ts'
import { copyPlain, encodeCopied, isSamePlain } from './plain-data.ts'

const CUT = 'an end: the recording is cut'

export interface ConnectionDifference {
  /** The entry, from 0. */
  readonly position: number
  readonly expected: string | undefined
  readonly got: string | undefined
}

export interface PlayerOptions<T extends ProtocolTypes> {
  readonly protocol: Protocol<T>
  readonly crypto: CryptoBackend
  /** The chart that the recorded node had in place of the core's. */
  readonly chart?: typeof connectionMachine
  /** A recording without an end, or read from a broken journal, is played as far as it goes. */
  readonly allowCut?: boolean
}

export interface Player<T extends ProtocolTypes> {
  /** The next step, whole; false: there is none, or a difference was found before. */
  step(): boolean
  readonly position: number
  readonly difference: ConnectionDifference | undefined
  readonly connection: Connection<T> | undefined
  /** From now on nothing is compared; questions go to `answer`. */
  letGo(
    onDeed: (deed: Deed) => void,
    answer: (ask: Ask, about: Asked<T>) => Answer<T> | undefined,
  ): Stub<T>
}

export function createPlayer<T extends ProtocolTypes>(
  recording: ConnectionRecording<T> & { readonly secrets: ConnectionSecrets<T> },
  options: PlayerOptions<T>,
): Player<T> {
  type Entry = ConnectionEntry<T>
  const { entries, header, isBroken = false, secrets } = recording
  const { crypto, protocol, allowCut = false, chart = connectionMachine } = options
  const seal = createSeal(crypto, secrets.seed, header)
  let position = 0
  let difference: ConnectionDifference | undefined
  /** The end of the recording was reached, or a difference found: nothing is compared any more. */
  let halted = false
  let free: Parameters<Player<T>['letGo']> | undefined
  let connection: Connection<T> | undefined
  let hasRung = false
  /** Calls into the connection that are not over. */
  let depth = 0

  const fail = (expected: string | undefined, got: string | undefined): void => {
    if (!halted) difference = { position, expected, got }
    halted = true
  }

  const failAt = (entry: Entry, got: string): void => {
    fail(printEntry(entry), got)
  }

  const advance = (entry: Entry): void => {
    position++
    if (!('check' in entry)) seal.add(encodeCopied(entry))
  }

  const finish = (entry: Extract<Entry, { of: 'over' }>): void => {
    const final = connection && finalStateOf(connection)
    if (!isSamePlain(final, entry.final)) {
      failAt(entry, printEntry({ ...entry, final }))
    } else if (entry.why === 'closed' && depth > 0) {
      failAt(entry, 'a call that is not over')
    } else if (seal.check(encodeCopied(withoutCheck(entry))) !== entry.check) {
      fail(entry.check, 'other entries than were recorded')
    } else if (position + 1 < entries.length) {
      position++
      fail('the end', printEntry(entries[position]))
    } else if (isBroken && !allowCut) {
      position++
      fail(CUT, 'the end')
    }
    halted = true
    position = entries.length
  }

  /** The entry at hand; undefined where nothing is compared any more. */
  const peek = (got: string): Entry | undefined => {
    if (halted) return undefined
    const entry = entries[position]
    if (entry?.of === 'over') {
      finish(entry)
      return undefined
    }
    if (entry === undefined) {
      if (allowCut) halted = true
      else fail(CUT, got)
    }
    return entry
  }

  // ---- what the connection does ----------------------------------------------------------------

  const onDeed = (deed: Deed): void => {
    if (free !== undefined) {
      free[0](deed)
      return
    }
    const got = printEntry({ of: 'did', deed })
    const entry = peek(got)
    if (entry === undefined) return
    if (entry.of !== 'did' || !isSamePlain(entry.deed, deed)) {
      failAt(entry, got)
      return
    }
    advance(entry)
    playNested(got)
  }

  const onAsk = (ask: Ask, about: Asked<T>): Answer<T> | undefined => {
    if (free !== undefined) return free[1](ask, about)
    const got = printEntry({ of: 'out', ask })
    const entry = peek(got)
    if (entry === undefined) return undefined
    if (entry.of !== 'out' || !isSamePlain(entry.ask, ask)) {
      failAt(entry, got)
      return undefined
    }
    advance(entry)
    playNested(got)
    const back = peek(got)
    if (back === undefined) return undefined
    if (back.of === 'threw') {
      advance(back)
      throw new Error('the recorded node threw here')
    }
    if (back.of !== 'back' || !fits(ask, back.answer)) {
      failAt(back, `an answer to ${got}`)
      return undefined
    }
    advance(back)
    if ('slots' in back.answer) fillSlots(back.answer, about)
    return back.answer
  }

  const fillSlots = (
    { slots }: Extract<Answer<T>, { slots: unknown }>,
    { asking }: Asked<T>,
  ): void => {
    for (const { slot, keys: number, hash } of slots) {
      if (number === undefined) {
        asking?.secrets.delete(slot)
        continue
      }
      const keys = secrets.keys[number]
      if (keys === undefined || seal.keyedHash(keys) !== hash) {
        fail(`the keys ${number}`, 'other secrets than were recorded')
        return
      }
      asking?.secrets.set(slot, copyPlain(keys))
    }
  }

  // ---- what enters it --------------------------------------------------------------------------

  const noteState = (entry: Entry): boolean => {
    if (entry.of === 'turn') stub.setTurn(entry.number)
    else if (entry.of === 'credit') stub.setExhausted(entry.exhausted)
    else return false
    advance(entry)
    return true
  }

  /** The node's calls while the connection waits for it. */
  const playNested = (got: string): void => {
    for (let entry = peek(got); entry !== undefined; entry = peek(got)) {
      if (noteState(entry)) continue
      if (entry.of !== 'in') return
      playCall(entry)
    }
  }

  const playCall = (entry: Extract<Entry, { of: 'in' }>): void => {
    const called = position
    advance(entry)
    depth++
    let result: CallResult
    let threw = false
    try {
      result = perform(entry.call)
    } catch {
      threw = true
    }
    if (halted) return
    const got = printEntry(threw ? { of: 'threw' } : { of: 'done', result })
    const end = peek(got)
    if (end === undefined) return
    const isSame = threw ? end.of === 'threw' : end.of === 'done' && end.result === result
    depth--
    if (isSame) advance(end)
    else failAt(end, `${got} of the call ${called}`)
  }

  const messageOf = ({ hash, message: number, type }: SecretMessage): T['message'] | undefined => {
    const message = secrets.messages[number]
    if (message?.type === type && seal.keyedHash(message) === hash) return message
    fail(`the message ${number}`, 'other secrets than were recorded')
    return undefined
  }

  const living = (): Connection<T> => {
    if (connection === undefined) throw new Error('the recording calls a connection not yet made')
    return connection
  }

  const perform = (call: ConnectionCall<T>): CallResult => {
    switch (call.kind) {
      case 'make':
        if (connection !== undefined) fail('a call', 'made twice')
        else connection = createConnection(stub.tools, header.options)
        return undefined
      case 'start':
        living().start()
        return undefined
      case 'resolved':
        living().resolved(call.host)
        return undefined
      case 'stream':
        if (!stub.enter(call.input)) fail(call.input.kind, 'nobody owns the stream')
        return undefined
      case 'ring':
        ring(call.timer)
        return undefined
      case 'read':
        return stub.read()
      case 'flush':
        stub.flush()
        return undefined
      case 'room':
        stub.room()
        return undefined
      case 'job':
        if (!stub.answerJob(call.request, call.outcome)) {
          fail(`the job ${call.request}`, 'it is not out')
        }
        return undefined
      case 'tell':
        living().tell(call.news)
        return undefined
      case 'reserve':
      case 'queue':
      case 'give-up':
      case 'send':
        return performWith(call)
      case 'leave':
        living().leave(call.detail)
        return undefined
      case 'drop':
        living().drop(call.detail)
        return undefined
    }
  }

  const performWith = (
    call: SecretMessage & { readonly kind: 'reserve' | 'queue' | 'give-up' | 'send' },
  ): CallResult => {
    const message = messageOf(call)
    if (message === undefined) return undefined
    switch (call.kind) {
      case 'reserve':
        return living().reserve(message)
      case 'send':
        return living().send(message)
      case 'queue':
        living().queueReserved(message)
        return undefined
      case 'give-up':
        living().giveUpReserved(message)
        return undefined
    }
  }

  /** Which timer rings is found out here; the recording has to say the same. */
  const ring = (timer: number): void => {
    hasRung = true
    const due = stub.takeDue()
    if (due?.timer === timer) due.ring()
    else fail(`the timer ${timer} rings`, due === undefined ? 'none is due' : `${due.timer} rings`)
  }

  const stub = createStub<T>({
    ...{ header, seal, protocol, crypto, chart, onDeed, onAsk },
    seed: secrets.seed,
  })

  const playStep = (entry: Extract<Entry, { of: 'step' }>): void => {
    if (seal.check(encodeCopied(withoutCheck(entry))) !== entry.check) {
      fail(entry.check, 'other entries than were recorded')
      return
    }
    advance(entry)
    stub.turnTo(entry)
    hasRung = false
    for (let next = peek('an end'); next !== undefined; next = peek('an end')) {
      if (next.of === 'step') break
      if (noteState(next)) continue
      if (next.of === 'in') playCall(next)
      else failAt(next, 'nothing')
    }
    const left = hasRung && !halted ? stub.takeDue() : undefined
    if (left !== undefined) fail('no timer', `the timer ${left.timer} rings`)
  }

  return {
    step() {
      const entry = peek('an end')
      if (entry === undefined) return false
      if (entry.of === 'step') playStep(entry)
      else failAt(entry, 'a step')
      return true
    },
    get position() {
      return position
    },
    get difference() {
      return difference
    },
    get connection() {
      return connection
    },
    letGo(...given) {
      free = given
      return stub
    },
  }
}

/** Whether this is an answer to that. */
function fits<T extends ProtocolTypes>(ask: Ask, { kind }: Answer<T>): boolean {
  switch (ask.kind) {
    case 'route':
      return kind === 'routed'
    case 'question':
      return kind === 'answered' || kind === 'later'
    case 'finish':
      return kind === 'answered'
    case 'admit':
      return kind === 'admitted'
    case 'active':
    case 'closed':
    case 'fault':
    case 'part-closed':
    case 'part-ready':
    case 'refused':
    case 'room':
      return kind === 'heard'
  }
}
