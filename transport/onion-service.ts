/**
 * An onion service of a running Tor, through its control port: set up, told, and set up again whenever
 * the control connection is lost, because a service ends with the connection that asked for it. Tor
 * hands what comes in to an address that somebody else listens on.
 *
 * The key of the service is its identity. It is handed to the caller, who keeps it and gives it back the
 * next time; it is not written anywhere here.
 * @module
 */
import { close, constants, open, read } from 'node:fs'
import { encodeUtf8 } from '../codec/bytes.ts'
import type { Random } from '../world/random.ts'
import type {
  ListenerInput,
  SocketAddress,
  StreamId,
  StreamInput,
  Streams,
} from '../world/streams.ts'
import { targetAddress } from './address.ts'
import { systemAfter } from './later.ts'
import type { After } from './later.ts'
import { createOnionDialogue, ONION_KEY } from './onion/dialogue.ts'
import type { DialogueStep, OnionDialogue, OnionFault, PublishedService } from './onion/dialogue.ts'
import { createReplyReader } from './onion/replies.ts'
import type { ReplyReader } from './onion/replies.ts'
import { systemRandom } from './random.ts'
import { tcp } from './tcp.ts'

export type OnionChange =
  | ({ readonly kind: 'published' } & PublishedService)
  | {
      readonly kind: 'failed'
      readonly fault: OnionFault
      /** What was published until now and is no more. */
      readonly lost: SocketAddress | undefined
      /** So long until it is tried again. */
      readonly retryMs: number
    }

/** Reads a file that holds 32 bytes; undefined: it cannot be read, or is longer or shorter. */
export type ReadCookie = (path: string, answer: (cookie: Uint8Array | undefined) => void) => void

export interface OnionServiceOptions {
  /** Where others reach it behind its name: the usual port of the network. */
  readonly virtualPort: number
  /** Where Tor hands on what comes in: an address that is listened on for nobody else. */
  readonly target: SocketAddress
  /** Of an earlier `published`; left out: Tor makes one. */
  readonly key?: string
  /** Where Tor's control port is. Default: 127.0.0.1:9051. */
  readonly control?: SocketAddress
  /** Where Tor wants one. Left out: Tor's cookie is shown, where Tor wants anything. */
  readonly password?: string
  /** Whether Tor is asked where its proxy is. Default: true. */
  readonly asksForProxy?: boolean
  onChange(change: OnionChange): void
  readonly readCookie?: ReadCookie
  /** Its own, and nobody else's. Default: `tcp()`. */
  readonly streams?: Streams
  readonly random?: Random
  readonly after?: After
}

export interface OnionService {
  /** Under which address it is reached now. */
  readonly published: SocketAddress | undefined
  /** Tor takes the service down; nothing is told afterwards. */
  stop(): void
}

const USUAL_CONTROL: SocketAddress = { host: '127.0.0.1', port: 9051 }
/** On this machine, as a rule. */
const CONNECT_MS = 5_000
/** For each reply, and for the file of the cookie. Tor answers at once; a busy machine takes seconds. */
const REPLY_MS = 20_000
const RETRY_MS = 1_000
const RETRY_GROWTH = 1.5
const RETRY_MS_MAX = 600_000
const COOKIE_BYTES = 32

/**
 * Whoever listens on the control port says which file it is, and Tor need not be who listens. A named
 * pipe that nobody writes to would keep `open` waiting for good, and with it one of the four threads
 * that the platform has for files and names.
 */
const AT_ONCE = constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOCTTY

/** The system's own file. A longer one is not read to its end. */
const readCookieFile: ReadCookie = (path, answer) => {
  open(path, AT_ONCE, (error, descriptor) => {
    if (error !== null) return answer(undefined)
    const bytes = new Uint8Array(COOKIE_BYTES + 1)
    read(descriptor, bytes, 0, bytes.length, 0, (failure, count) => {
      close(descriptor, () => {
        answer(failure === null ? bytes.slice(0, count) : undefined)
      })
    })
  })
}

function check({
  control = USUAL_CONTROL,
  key,
  password,
  target,
  virtualPort,
}: OnionServiceOptions) {
  for (const address of [control, target, { host: '127.0.0.1', port: virtualPort }]) {
    if (targetAddress(address) !== undefined) continue
    throw new RangeError(`${address.host}:${address.port} is no IP address and port`)
  }
  // They become a part of a line: what would end it is refused.
  if (key !== undefined && !ONION_KEY.test(key)) throw new RangeError('it is no key of Tor’s')
  if (password !== undefined && !/^[^\p{Cc}]+$/u.test(password)) {
    throw new RangeError('a password of Tor has no control characters')
  }
}

/** @throws {RangeError} an address, key or password that cannot be */
export function startOnionService(options: OnionServiceOptions): OnionService {
  check(options)
  const { after = systemAfter, control = USUAL_CONTROL, onChange } = options
  const { random = systemRandom(), readCookie = readCookieFile, streams = tcp() } = options
  let key = options.key
  let stream: StreamId = 0
  let dialogue: OnionDialogue | undefined
  let reader: ReplyReader = createReplyReader()
  let published: SocketAddress | undefined
  let nextRetryMs = RETRY_MS
  let isStopped = false
  let callOff: () => void = () => undefined

  const within = (limitMs: number, run: () => void): void => {
    callOff()
    callOff = after(limitMs, run)
  }

  const fail = (fault: OnionFault): void => {
    streams.destroy(stream)
    dialogue = undefined
    const lost = published
    published = undefined
    const retryMs = nextRetryMs
    nextRetryMs = Math.min(RETRY_MS_MAX, nextRetryMs * RETRY_GROWTH)
    within(retryMs, connect)
    onChange({ kind: 'failed', fault, lost, retryMs })
  }

  const late = (): void => fail('timed-out')

  const say = (command: string): void => {
    streams.write(stream, encodeUtf8(`${command}\r\n`))
    within(REPLY_MS, late)
  }

  const publish = (service: PublishedService): void => {
    callOff()
    published = service.address
    // Whatever comes next, the service keeps its name.
    key = service.key
    nextRetryMs = RETRY_MS
    onChange({ kind: 'published', ...service })
  }

  const askCookie = (path: string): void => {
    const asking = stream
    within(REPLY_MS, late)
    readCookie(path, (cookie) => {
      // Of a connection that is over: its successor asks anew.
      if (isStopped || asking !== stream || dialogue === undefined) return
      carryOut(dialogue.takeCookie(cookie))
    })
  }

  const carryOut = (step: DialogueStep): void => {
    switch (step.kind) {
      case 'say':
        return say(step.command)
      case 'read-cookie':
        return askCookie(step.path)
      case 'published':
        return publish(step.service)
      case 'failed':
        return fail(step.fault)
    }
  }

  const hear = (bytes: Uint8Array): void => {
    const replies = reader.push(bytes)
    if (replies === undefined) return fail('bad-reply')
    for (const reply of replies) {
      // What Tor tells by itself.
      if (reply.code >= 600) continue
      if (dialogue === undefined || isStopped) return
      carryOut(dialogue.take(reply))
    }
  }

  const begin = (): void => {
    reader = createReplyReader()
    dialogue = createOnionDialogue({
      ...{ key, password: options.password, random, target: options.target },
      ...{ asksForProxy: options.asksForProxy ?? true, virtualPort: options.virtualPort },
    })
    streams.resume(stream)
    say(dialogue.first)
  }

  const enter = (input: StreamInput | ListenerInput): void => {
    if (isStopped || 'listener' in input || input.stream !== stream) return
    switch (input.kind) {
      case 'stream.opened':
        return begin()
      case 'stream.bytes':
        return hear(input.bytes)
      case 'stream.ended':
        return fail('lost')
      case 'stream.failed':
        return fail(dialogue === undefined ? 'unreachable' : 'lost')
      case 'stream.sent':
        return
    }
  }

  const connect = (): void => {
    stream += 2
    within(CONNECT_MS, () => fail('unreachable'))
    streams.open(stream, control)
  }

  streams.start(enter)
  connect()

  return {
    get published() {
      return published
    },
    stop() {
      isStopped = true
      published = undefined
      callOff()
      streams.destroy(stream)
    },
  }
}

export type { OnionFault, PublishedService } from './onion/dialogue.ts'
