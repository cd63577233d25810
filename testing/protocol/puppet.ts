/**
 * A peer without a mind: a network's wire and a raw stream. It says what a test wants, when it wants,
 * and answers nothing by itself; with it a test can break every rule of a session.
 * @module
 */
import type { Protocol } from '../../actors/protocol.ts'
import type { Outgoing, Role, Wire } from '../../codec/wire.ts'
import { WireError } from '../../codec/wire-error.ts'
import type { ProtocolTypes } from '../../machines/session.ts'
import type { CryptoBackend } from '../../world/crypto.ts'
import { performJob } from '../../world/jobs.ts'
import type { Random } from '../../world/random.ts'
import type { ListenerInput, SocketAddress, StreamId } from '../../world/streams.ts'
import type { StreamInput, Streams } from '../../world/streams.ts'

type WireOf<T extends ProtocolTypes> = Wire<T['message'], T['keys'], T['facts'], T['detail']>

export interface Puppet<T extends ProtocolTypes> {
  /** For keys that a session would set. @throws {Error} there is no connection yet */
  readonly wire: WireOf<T>
  /** What was decoded, its bytes its own only where the network's `own` or its wire makes them so. */
  readonly heard: readonly T['message'][]
  readonly facts: T['facts'] | undefined
  /** The far side's half has ended, or the stream broke. */
  readonly hasEnded: boolean
  say(...messages: readonly Outgoing<T['message']>[]): void
  /** Past the wire. */
  write(bytes: Uint8Array): void
  end(): void
}

export interface PuppetOptions<T extends ProtocolTypes> {
  readonly protocol: Protocol<T>
  readonly streams: Streams
  readonly crypto: CryptoBackend
  readonly random: Random
  /** Whom it dials, or where it listens. */
  readonly role: Role
  readonly at: SocketAddress
  readonly target?: T['address']
  readonly dial?: T['dial'] | undefined
}

export function startPuppet<T extends ProtocolTypes>(options: PuppetOptions<T>): Puppet<T> {
  const { at, crypto, dial, protocol, random, role, streams, target } = options
  const heard: T['message'][] = []
  let facts: T['facts'] | undefined
  let stream: StreamId = 2
  let hasEnded = false
  let wire: WireOf<T> | undefined

  const theWire = (): WireOf<T> => {
    if (wire === undefined) throw new Error('the puppet has no connection yet')
    return wire
  }

  const readAll = (from: WireOf<T>): void => {
    for (let read = from.read(); read.kind !== 'more'; read = from.read()) {
      if (read.kind === 'job') from.resume(performJob(crypto, read.job))
      if (read.kind === 'secured') ({ facts } = read)
      if (read.kind === 'message') heard.push(protocol.own?.(read.message) ?? read.message)
    }
    from.keep()
  }

  const begin = (): void => {
    wire = protocol.wire({
      role,
      target,
      dial,
      random,
      crypto,
      out(bytes) {
        streams.write(stream, bytes)
      },
    })
    wire.start()
    streams.resume(stream)
  }

  const receive = (bytes: Uint8Array): void => {
    const from = theWire()
    from.push(bytes)
    try {
      readAll(from)
    } catch (error) {
      // What a puppet cannot read it does not need.
      if (!(error instanceof WireError)) throw error
      streams.pause(stream)
    }
  }

  streams.start((input: StreamInput | ListenerInput) => {
    if (input.kind === 'listener.accepted') {
      ;({ stream } = input)
      begin()
    }
    if (input.kind === 'stream.opened') begin()
    if (input.kind === 'stream.bytes') receive(input.bytes)
    if (input.kind === 'stream.ended' || input.kind === 'stream.failed') hasEnded = true
  })
  if (role === 'listener') streams.listen(1, at)
  else streams.open(stream, at)

  return {
    get wire() {
      return theWire()
    },
    heard,
    get facts() {
      return facts
    },
    get hasEnded() {
      return hasEnded
    },
    say(...messages) {
      theWire().write(messages)
    },
    write(bytes) {
      streams.write(stream, bytes)
    },
    end() {
      streams.end(stream)
    },
  }
}
