/**
 * One stream through a proxy: the exchange with the proxy at its beginning, and from then on a stream
 * like any other. Until it is opened, what is written waits here (the caller counts it, as always).
 *
 * Bytes of the far side may come in one chunk with the proxy's last answer, and one more chunk may
 * follow before the stream below stands still: they are held until somebody reads, at most those two.
 * @module
 */
import type {
  SocketAddress,
  StreamId,
  StreamInput,
  Streams,
  TransportFault,
} from '../../world/streams.ts'
import type { After, Later } from '../later.ts'
import type { Socks5Exchange } from './exchange.ts'

export interface ProxiedStreamOptions {
  readonly stream: StreamId
  /** Where it leads to in the end: what the core is told. */
  readonly target: SocketAddress
  readonly exchange: Socks5Exchange
  /** The stream to the proxy has the same number there. */
  readonly over: Streams
  readonly silenceMs: number
  readonly later: Later
  readonly after: After
  tell(input: StreamInput): void
  /** It failed: nothing of it is left. */
  onGone(): void
}

export interface ProxiedStream {
  /** What the stream to the proxy is told. */
  take(input: StreamInput): void
  write(bytes: Uint8Array): void
  pause(): void
  resume(): void
  report(): void
  end(): void
  destroy(): void
}

export function startProxiedStream(options: ProxiedStreamOptions): ProxiedStream {
  const { after, exchange, later, onGone, over, silenceMs, stream, target, tell } = options
  let phase: 'dialling' | 'asking' | 'opened' | 'over' = 'dialling'
  let local: SocketAddress = { host: '', port: 0 }
  /** What the proxy was told: no bytes of the caller's. */
  let ownBytes = 0
  /** Written, ended, asked for before there was a way. */
  let waiting: Uint8Array[] = []
  let ends = false
  let reportAsked = false
  let reads = false
  /** Bytes of the far side that nobody has read, and its end behind them. */
  let held: Uint8Array[] = []
  let isEndHeld = false
  let deliveryDue = false
  let callOff: () => void = () => undefined

  const leave = (): void => {
    phase = 'over'
    callOff()
    waiting = []
    held = []
    over.destroy(stream)
  }

  const fail = (fault: TransportFault): void => {
    leave()
    onGone()
    tell({ kind: 'stream.failed', stream, fault })
  }

  const isOver = (): boolean => phase === 'over'

  /** From now on the proxy has so long to answer. */
  const awaitAnswer = (): void => {
    callOff()
    callOff = after(silenceMs, () => {
      if (!isOver()) fail(exchange.isAsked ? 'timed-out' : 'proxy-failed')
    })
  }

  const say = (bytes: Uint8Array): void => {
    ownBytes += bytes.length
    over.write(stream, bytes)
  }

  const deliver = (): void => {
    deliveryDue = false
    while (reads && !isOver()) {
      const bytes = held.shift()
      if (bytes === undefined) break
      tell({ kind: 'stream.bytes', stream, bytes })
    }
    if (isOver() || held.length > 0) return
    if (isEndHeld) {
      isEndHeld = false
      tell({ kind: 'stream.ended', stream })
    }
    if (reads && !isOver()) over.resume(stream)
  }

  const goOn = (): void => {
    if (held.length === 0) over.resume(stream)
    else if (!deliveryDue) {
      deliveryDue = true
      later(() => {
        if (!isOver()) deliver()
      })
    }
  }

  const open = (rest: Uint8Array): void => {
    phase = 'opened'
    callOff()
    over.pause(stream)
    if (rest.length > 0) held.push(rest)
    for (const bytes of waiting) over.write(stream, bytes)
    waiting = []
    if (ends) over.end(stream)
    if (reportAsked) over.report(stream)
    tell({ kind: 'stream.opened', stream, local, remote: target })
    if (phase === 'opened' && reads) goOn()
  }

  const hear = (bytes: Uint8Array): void => {
    const step = exchange.push(bytes)
    switch (step.kind) {
      case 'more':
        return awaitAnswer()
      case 'say':
        say(step.bytes)
        return awaitAnswer()
      case 'opened':
        return open(step.rest)
      case 'failed':
        return fail(step.fault)
    }
  }

  const takeEarly = (input: StreamInput): void => {
    switch (input.kind) {
      case 'stream.opened':
        phase = 'asking'
        ;({ local } = input)
        say(exchange.greeting)
        awaitAnswer()
        return over.resume(stream)
      case 'stream.bytes':
        return hear(input.bytes)
      case 'stream.ended':
        return fail('proxy-failed')
      case 'stream.failed':
        // Without a descriptor of ours nobody else is to blame.
        return fail(input.fault === 'too-many-open' ? input.fault : 'proxy-failed')
      case 'stream.sent':
        return
    }
  }

  const takeOpened = (input: StreamInput): void => {
    switch (input.kind) {
      case 'stream.bytes':
        // They are ours until this input is over.
        if (!reads || held.length > 0) held.push(input.bytes.slice())
        else tell(input)
        return
      case 'stream.ended':
        if (held.length > 0) isEndHeld = true
        else tell(input)
        return
      case 'stream.sent':
        return tell({ ...input, sentBytes: Math.max(0, input.sentBytes - ownBytes) })
      case 'stream.failed':
        phase = 'over'
        held = []
        onGone()
        return tell(input)
      case 'stream.opened':
        return
    }
  }

  awaitAnswer()

  return {
    take(input) {
      if (phase === 'opened') takeOpened(input)
      else if (phase !== 'over') takeEarly(input)
    },
    write(bytes) {
      if (phase === 'opened') over.write(stream, bytes)
      else if (phase !== 'over' && !ends) waiting.push(bytes)
    },
    pause() {
      reads = false
      if (phase === 'opened') over.pause(stream)
    },
    resume() {
      reads = true
      if (phase === 'opened') goOn()
    },
    report() {
      if (phase === 'opened') over.report(stream)
      else reportAsked = true
    },
    end() {
      ends = true
      if (phase === 'opened') over.end(stream)
    },
    destroy() {
      if (!isOver()) leave()
    },
  }
}
