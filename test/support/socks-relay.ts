/**
 * A SOCKS5 proxy that does as it is asked, on any streams: TCP or memory. It notes what it was told. What
 * one side does not take makes it stop reading the other, as a process between two sockets has to.
 */
import { concatBytes, decodeAscii } from '../../codec/bytes.ts'
import type { SocketAddress, StreamId, StreamInput, Streams } from '../../world/streams.ts'

interface Request extends SocketAddress {
  readonly user: string | undefined
}

interface Leg {
  readonly stream: StreamId
  far: Leg | undefined
  held: Uint8Array
  stage: 'greeting' | 'authentication' | 'request' | 'dialling' | 'carrying'
  user: string | undefined
  written: number
  sent: number
  isEnded: boolean
}

/** More than this between the two sides, and the reading side waits. */
const UNSENT_BYTES_MAX = 256 * 1_024
const LISTENER = 1
/** What stands behind the code of a reply: where the proxy is bound to, which it does not say. */
const NOWHERE = [0, 1, 0, 0, 0, 0, 0, 0] as const

export interface SocksRelay {
  readonly address: () => SocketAddress | undefined
  /** What it was asked to connect to. */
  readonly requests: readonly Request[]
  /** Whatever has moved: inputs of both sides. */
  readonly moved: () => number
  close(): void
}

export interface SocksRelayOptions {
  readonly streams: Streams
  readonly host: string
  /** Without user and password nobody is let in. Default: false. */
  readonly authenticates?: boolean
  /** What names lead to. */
  readonly names?: Readonly<Record<string, string>>
}

export function startSocksRelay(options: SocksRelayOptions): SocksRelay {
  const { authenticates = false, host, names = {}, streams } = options
  const legs = new Map<StreamId, Leg>()
  const requests: Request[] = []
  let address: SocketAddress | undefined
  let nextStream = 2
  let moved = 0

  const addLeg = (stream: StreamId): Leg => {
    const leg: Leg = {
      ...{ stream, far: undefined, held: new Uint8Array(0), stage: 'greeting' },
      ...{ user: undefined, written: 0, sent: 0, isEnded: false },
    }
    legs.set(stream, leg)
    return leg
  }
  const drop = (leg: Leg): void => {
    legs.delete(leg.stream)
    streams.destroy(leg.stream)
  }
  const write = (leg: Leg, bytes: Uint8Array): void => {
    leg.written += bytes.length
    streams.write(leg.stream, bytes.slice())
  }
  const take = (leg: Leg, count: number): Uint8Array => {
    const taken = leg.held.slice(0, count)
    leg.held = leg.held.slice(count)
    return taken
  }
  const text = (bytes: Uint8Array): string => decodeAscii(bytes) ?? 'no ASCII'

  const advance = (leg: Leg): void => {
    const { held, stage } = leg
    if (stage === 'greeting') {
      const [, count = Infinity] = held
      if (held.length < 2 + count) return
      const methods = take(leg, 2 + count).subarray(2)
      const chosen = methods.includes(2) && authenticates ? 2 : authenticates ? 0xff : 0
      leg.stage = chosen === 2 ? 'authentication' : 'request'
      write(leg, Uint8Array.of(5, chosen))
    } else if (stage === 'authentication') {
      const users = held[1] ?? Infinity
      const passwords = held[2 + users] ?? Infinity
      if (held.length < 3 + users + passwords) return
      leg.user = text(take(leg, 3 + users + passwords).subarray(2, 2 + users))
      leg.stage = 'request'
      write(leg, Uint8Array.of(1, 0))
    } else if (stage === 'request') {
      const length = held[4] ?? Infinity
      if (held.length < 7 + length) return
      const request = take(leg, 7 + length)
      const port = (request[5 + length] ?? 0) * 256 + (request[6 + length] ?? 0)
      const target = { host: text(request.subarray(5, 5 + length)), port }
      requests.push({ ...target, user: leg.user })
      leg.stage = 'dialling'
      const far = addLeg(nextStream)
      nextStream += 2
      Object.assign(far, { far: leg, stage: 'dialling' })
      leg.far = far
      streams.open(far.stream, { ...target, host: names[target.host] ?? target.host })
      return
    } else return
    advance(leg)
  }

  const takeInput = (leg: Leg, input: StreamInput): void => {
    const { far } = leg
    switch (input.kind) {
      case 'stream.opened':
        if (far === undefined) return
        leg.stage = 'carrying'
        far.stage = 'carrying'
        write(far, Uint8Array.of(5, 0, ...NOWHERE))
        if (far.held.length > 0) write(leg, take(far, far.held.length))
        if (far.isEnded) streams.end(leg.stream)
        return streams.resume(leg.stream)
      case 'stream.bytes':
        if (leg.stage === 'carrying' && far !== undefined) {
          write(far, input.bytes)
          if (far.written - far.sent > UNSENT_BYTES_MAX) streams.pause(leg.stream)
          return
        }
        leg.held = concatBytes(leg.held, input.bytes)
        return advance(leg)
      case 'stream.sent':
        leg.sent = input.sentBytes
        if (far !== undefined && leg.stage === 'carrying') {
          if (leg.written - leg.sent <= UNSENT_BYTES_MAX) streams.resume(far.stream)
        }
        return
      case 'stream.ended':
        leg.isEnded = true
        if (leg.stage === 'carrying' && far !== undefined) streams.end(far.stream)
        else if (far === undefined) drop(leg)
        return
      case 'stream.failed':
        legs.delete(leg.stream)
        if (far === undefined) return
        far.far = undefined
        if (leg.stage === 'carrying') return drop(far)
        if (leg.stream % 2 === 1) return drop(far)
        // The dial failed: who asked is told how, and then left.
        write(far, Uint8Array.of(5, input.fault === 'refused' ? 5 : 4, ...NOWHERE))
        return streams.end(far.stream)
    }
  }

  streams.start((input) => {
    moved++
    if (input.kind === 'listener.listening') address = input.address
    else if (input.kind === 'listener.accepted') {
      addLeg(input.stream)
      streams.resume(input.stream)
    } else if (!('listener' in input)) {
      const leg = legs.get(input.stream)
      if (leg !== undefined) takeInput(leg, input)
    }
  })
  streams.listen(LISTENER, { host, port: 0 })

  return {
    address: () => address,
    requests,
    moved: () => moved,
    close() {
      streams.unlisten(LISTENER)
      for (const leg of [...legs.values()]) drop(leg)
    },
  }
}
