/**
 * A peer without a mind: a network's wire and a raw stream. It says what a test wants, when it wants,
 * and answers nothing by itself; with it a test can break every rule of a session.
 *
 * It keeps all that it hears, without a bound: it lives as long as a test.
 * @module
 */
import type { Protocol } from '../../actors/protocol.ts'
import { joinedPieces } from '../../codec/bytes.ts'
import type { Outgoing, Read, Role, Wire } from '../../codec/wire.ts'
import { WireError } from '../../codec/wire-error.ts'
import type { ProtocolTypes } from '../../machines/session.ts'
import type { CryptoBackend } from '../../world/crypto.ts'
import { performJob } from '../../world/jobs.ts'
import type { Random } from '../../world/random.ts'
import type { ListenerInput, SocketAddress, StreamId } from '../../world/streams.ts'
import type { StreamInput, Streams } from '../../world/streams.ts'

export type WireOf<T extends ProtocolTypes> = Wire<T['message'], T['keys'], T['facts'], T['detail']>
export type ReadOf<T extends ProtocolTypes> = Read<T['message'], T['facts'], T['detail']>

export interface Puppet<T extends ProtocolTypes> {
  /** For keys that a session would set. @throws {Error} there is no connection yet */
  readonly wire: WireOf<T>
  /** What was decoded, its bytes its own only where the network's `own` or its wire makes them so. */
  readonly heard: readonly T['message'][]
  /** What came, as it came. */
  readonly heardBytes: readonly Uint8Array[]
  /** For each message of `heard`, how many bytes had come when it was whole. */
  readonly heardEnds: readonly number[]
  readonly facts: T['facts'] | undefined
  /** The far side's half has ended, or the stream broke. */
  readonly hasEnded: boolean
  /** Its wire could not read on: what comes now is kept as bytes alone. */
  readonly isDeaf: boolean
  /** The stream that it has now; undefined before the first. */
  readonly stream: StreamId | undefined
  say(...messages: readonly Outgoing<T['message']>[]): void
  /** Past the wire. */
  write(bytes: Uint8Array): void
  end(): void
}

/** Who watches the connections of a puppet from inside. */
export interface PuppetAttendant<T extends ProtocolTypes> {
  /** The stream is open and the wire has started. */
  begun(wire: WireOf<T>, remote: SocketAddress): void
  /** After each unit, before the next one is read: keys that are set now hold for that one. */
  read(unit: ReadOf<T>): void
  ended(): void
}

export interface PuppetOptions<T extends ProtocolTypes> {
  readonly protocol: Protocol<T>
  readonly streams: Streams
  readonly crypto: CryptoBackend
  readonly random: Random
  /** Whom it dials, or where it listens. */
  readonly role: Role
  readonly at: SocketAddress
  readonly target?: T['address'] | undefined
  readonly dial?: T['dial'] | undefined
  readonly attendant?: PuppetAttendant<T>
  /** It ends its own half when the far side's has ended. Left out: false. */
  readonly endsToo?: boolean
}

/** One that can dial again; a listener takes whoever comes last. */
export interface DiallingPuppet<T extends ProtocolTypes> extends Puppet<T> {
  /** A new stream in place of the one that it has. Only a dialler dials. */
  dialAgain(): void
}

export function startPuppet<T extends ProtocolTypes>(options: PuppetOptions<T>): DiallingPuppet<T> {
  const { at, attendant, crypto, dial, endsToo = false, protocol, random } = options
  const { role, streams, target } = options
  const heard: T['message'][] = []
  const heardBytes: Uint8Array[] = []
  const heardEnds: number[] = []
  let bytesCount = 0
  let facts: T['facts'] | undefined
  let stream: StreamId | undefined
  let nextStream: StreamId = 2
  let hasEnded = false
  let isDeaf = false
  let wire: WireOf<T> | undefined

  const theWire = (): WireOf<T> => {
    if (wire === undefined) throw new Error('the puppet has no connection yet')
    return wire
  }

  const theStream = (): StreamId => {
    if (stream === undefined) throw new Error('the puppet has no connection yet')
    return stream
  }

  const readAll = (from: WireOf<T>): void => {
    for (let read = from.read(); read.kind !== 'more'; read = from.read()) {
      if (read.kind === 'job') from.resume(performJob(crypto, read.job))
      if (read.kind === 'secured') ({ facts } = read)
      if (read.kind === 'message') {
        heard.push(protocol.own?.(read.message) ?? read.message)
        heardEnds.push(bytesCount - from.bufferedBytes)
      }
      attendant?.read(read)
    }
    from.keep()
  }

  const begin = (remote: SocketAddress): void => {
    const own = theStream()
    hasEnded = false
    isDeaf = false
    facts = undefined
    const made = protocol.wire({
      role,
      target,
      dial,
      random,
      crypto,
      out(bytes) {
        streams.write(own, joinedPieces(bytes))
      },
    })
    wire = made
    made.start()
    attendant?.begun(made, remote)
    streams.resume(own)
    // A wire may know at once what it speaks.
    readAll(made)
  }

  const receive = (bytes: Uint8Array): void => {
    heardBytes.push(bytes.slice())
    bytesCount += bytes.length
    if (isDeaf) return
    const from = theWire()
    from.push(bytes)
    try {
      readAll(from)
    } catch (error) {
      // What a puppet cannot read it does not need.
      if (!(error instanceof WireError)) throw error
      isDeaf = true
    }
  }

  const leaveEnded = (): void => {
    if (stream !== undefined && hasEnded) streams.destroy(stream)
  }

  streams.start((input: StreamInput | ListenerInput) => {
    if (input.kind === 'listener.accepted') {
      leaveEnded()
      ;({ stream } = input)
      begin(input.remote)
      return
    }
    if (!('stream' in input)) return
    if (input.stream !== stream) {
      // One that it had before: it stays as long as the far side wants it.
      if (input.kind === 'stream.ended') streams.destroy(input.stream)
      return
    }
    if (input.kind === 'stream.opened') begin(input.remote)
    if (input.kind === 'stream.bytes') receive(input.bytes)
    if (input.kind === 'stream.ended' || input.kind === 'stream.failed') {
      hasEnded = true
      attendant?.ended()
      if (endsToo) streams.end(input.stream)
    }
  })

  const open = (): void => {
    leaveEnded()
    stream = nextStream
    nextStream += 2
    wire = undefined
    hasEnded = false
    streams.open(stream, at)
  }
  if (role === 'listener') streams.listen(1, at)
  else open()

  return {
    get wire() {
      return theWire()
    },
    heard,
    heardBytes,
    heardEnds,
    get facts() {
      return facts
    },
    get hasEnded() {
      return hasEnded
    },
    get isDeaf() {
      return isDeaf
    },
    get stream() {
      return stream
    },
    say(...messages) {
      theWire().write(messages)
    },
    write(bytes) {
      streams.write(theStream(), bytes)
    },
    end() {
      streams.end(theStream())
    },
    dialAgain() {
      if (role === 'listener') throw new Error('a puppet that listens does not dial')
      open()
    },
  }
}
