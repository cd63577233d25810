/**
 * A stream of the memory network as its two systems see it: two ends, each writing into a pipe that
 * the other reads. An end has at most one delivery of bytes and one `stream.sent` in the queue at a
 * time, so that streams take turns.
 *
 * Under a policy what is sent arrives at a time of its own: bytes, the end, a reset. What happens
 * within one host (a report, a fault of our own) takes none.
 * @module
 */
import type { StreamId, StreamInput, TransportFault } from '../../world/streams.ts'
import type { Ready } from './chunking.ts'
import type { Later } from '../later.ts'
import { startFlight } from './flight.ts'
import type { Flight } from './flight.ts'
import { createPipe } from './pipe.ts'
import type { Pipe } from './pipe.ts'
import type { Breakable, Direction, HostConditions, LinkPolicy, Passage } from './policy.ts'

/** What stands where delivered bytes stood, once their step is over: who kept a view reads this. */
const SPENT_BYTE = 0xdd

export interface End {
  readonly stream: StreamId
  readonly host: string
  readonly conditions: HostConditions | undefined
  /** What this side writes; the other side's `in`. */
  readonly out: Pipe
  readonly tell: (input: StreamInput) => void
  /** Called once, when nothing more will be told. */
  readonly onOver: () => void
  /** Undefined until there is another side, and again when it is over. */
  far: End | undefined
  in: Pipe | undefined
  isPaused: boolean
  isOver: boolean
  /** Broken; the fault is on its way to the owner, and nothing else is. */
  isFailing: boolean
  isDelivering: boolean
  isReporting: boolean
  losesNextSent: boolean
  reportedBytes: number
  /** That the far side ended was told here, that this one did was told there. */
  isFarEnded: boolean
  isEndTold: boolean
  /** The far side is gone: what is still written to it is answered by a reset. */
  isFarGone: boolean

  /** Under a policy: what a dial of ours met, what is on its way from us and to us, and who reads us. */
  passage: Passage | undefined
  outFlight: Flight | undefined
  inFlight: Flight | undefined
  reader: End | undefined
  breakable: Breakable | undefined
  /** The far side is gone without a word; what is written goes nowhere. */
  isStranded: boolean
  /** A fault that ends this side is on its way. */
  isDoomed: boolean
}

export interface EndOptions {
  readonly stream: StreamId
  readonly host: string
  readonly conditions: HostConditions | undefined
  readonly tell: (input: StreamInput) => void
  readonly onOver: () => void
}

export interface Links {
  create(options: EndOptions): End
  /** The dial was answered: what was written leaves. */
  opened(dialler: End): void
  join(dialler: End, accepted: End): void
  /** The listener's system takes no stream of this dialler. */
  refuse(dialler: End): void
  write(end: End, bytes: Uint8Array): void
  /** What was written arrives, then the end. */
  finish(end: End): void
  pause(end: End): void
  resume(end: End): void
  report(end: End): void
  fail(end: End, fault: TransportFault): void
  /** As a system closes a socket. Nothing is told to its owner any more. */
  release(end: End): void
}

export interface LinksOptions {
  readonly later: Later
  /** How many bytes the next delivery has. */
  readonly chunking: (ready: Ready, reader: string) => number
  readonly windowBytes: number
  readonly policy: LinkPolicy | undefined
}

/** All streams of one network. */
export function createLinks({ later, chunking, windowBytes, policy }: LinksOptions): Links {
  /** Where delivered bytes stand until their step is over. */
  const window = new Uint8Array(windowBytes)

  const setOver = (end: End): void => {
    if (end.isOver) return
    end.isOver = true
    if (end.far !== undefined) end.far.far = undefined
    end.far = undefined
    if (end.breakable !== undefined) policy?.parted(end.breakable)
    end.onOver()
  }

  const fail = (end: End, fault: TransportFault): void => {
    if (end.isOver || end.isFailing) return
    end.isFailing = true
    later(() => {
      if (end.isOver) return
      setOver(end)
      end.tell({ kind: 'stream.failed', stream: end.stream, fault })
    })
  }

  /** Nobody takes what this side sends: it is told so when the answer is here. */
  const answerWithReset = (end: End): void => {
    if (end.isOver || end.isDoomed) return
    end.isDoomed = true
    end.inFlight?.direction.carry(() => fail(end, 'reset'))
  }

  /** Sends again and again, until its system gives up. */
  const giveUpLater = (end: End): void => {
    if (policy === undefined || end.isDoomed) return
    end.isDoomed = true
    policy.at(policy.nowMs + policy.strandedMs, () => fail(end, 'timed-out'))
  }

  /** Both sides have ended, all has arrived and was told: the system holds nothing more. */
  const closeWhenDone = (end: End): void => {
    const isOut = end.isEndTold || (end.out.isEnded && end.isFarGone)
    if (end.isFarEnded && isOut && !end.isReporting) setOver(end)
  }

  const report = (end: End): void => {
    if (end.isOver || end.isReporting) return
    end.isReporting = true
    later(() => {
      end.isReporting = false
      if (end.isOver || end.isFailing) return
      const isLost = end.losesNextSent
      end.losesNextSent = false
      end.reportedBytes = end.out.sentBytes
      if (!isLost) {
        end.tell({ kind: 'stream.sent', stream: end.stream, sentBytes: end.reportedBytes })
      }
      closeWhenDone(end)
    })
  }

  const reportProgress = (end: End | undefined): void => {
    if (end !== undefined && end.out.sentBytes > end.reportedBytes) report(end)
  }

  const isSlow = (end: End): boolean =>
    policy !== undefined &&
    end.conditions !== undefined &&
    end.conditions.slowUntilMs > policy.nowMs

  const deliverBytes = (end: End, pipe: Pipe): void => {
    const most =
      policy !== undefined && isSlow(end)
        ? Math.min(policy.slowBytes, pipe.readyBytes)
        : pipe.readyBytes
    const count = Math.max(1, Math.min(chunking(pipe, end.host), most))
    const bytes = window.subarray(0, count)
    pipe.take(count, bytes)
    end.inFlight?.depart()
    reportProgress(end.far)
    try {
      end.tell({ kind: 'stream.bytes', stream: end.stream, bytes })
    } finally {
      bytes.fill(SPENT_BYTE)
      wake(end)
    }
  }

  const deliverEnd = (end: End): void => {
    const { far } = end
    end.isFarEnded = true
    if (far !== undefined) far.isEndTold = true
    try {
      end.tell({ kind: 'stream.ended', stream: end.stream })
    } finally {
      closeWhenDone(end)
      if (far !== undefined) closeWhenDone(far)
    }
  }

  const deliver = (end: End): void => {
    end.isDelivering = false
    const pipe = end.in
    if (end.isOver || end.isFailing || end.isPaused || pipe === undefined) return
    if (pipe.readyBytes > 0) deliverBytes(end, pipe)
    else if (pipe.isDry && !end.isFarEnded) deliverEnd(end)
  }

  const wake = (end: End | undefined): void => {
    if (end?.in === undefined || end.isOver || end.isPaused || end.isDelivering) return
    if (end.in.readyBytes === 0 && (!end.in.isDry || end.isFarEnded)) return
    end.isDelivering = true
    if (policy !== undefined && isSlow(end)) {
      policy.at(policy.nowMs + policy.slowRestMs, () => deliver(end))
    } else later(() => deliver(end))
  }

  /** What was written or ended goes on its way. */
  const depart = (end: End): void => {
    if (end.isStranded) giveUpLater(end)
    else if (policy === undefined) wake(end.far)
    else end.outFlight?.depart()
  }

  const arrived = (writer: End): void => {
    const { reader } = writer
    if (reader === undefined) return
    if (reader.isOver) {
      if (writer.out.readyBytes > 0) answerWithReset(writer)
    } else if (isSlow(reader)) wake(reader)
    else if (!reader.isDelivering) deliver(reader)
  }

  const takeOff = (end: End, direction: Direction): void => {
    if (policy === undefined) return
    const { out: pipe } = end
    end.outFlight = startFlight({ pipe, direction, policy, onArrival: () => arrived(end) })
    end.outFlight.depart()
  }

  const strand = (gone: End, left: End): void => {
    gone.outFlight?.cut()
    left.outFlight?.cut()
    gone.far = undefined
    left.far = undefined
    left.isStranded = true
    fail(gone, 'reset')
    const isUnconfirmed = left.out.sentBytes > left.out.deliveredBytes + left.out.readyBytes
    if (isUnconfirmed) giveUpLater(left)
  }

  const breakable = (dialler: End, accepted: End): Breakable => ({
    place: -1,
    reset() {
      fail(dialler, 'reset')
      fail(accepted, 'reset')
    },
    strand: (isDiallerGone) =>
      isDiallerGone ? strand(dialler, accepted) : strand(accepted, dialler),
  })

  return {
    create: ({ stream, host, conditions, tell, onOver }) => ({
      stream,
      host,
      conditions,
      out: createPipe(windowBytes, policy !== undefined),
      tell,
      onOver,
      far: undefined,
      in: undefined,
      isPaused: true,
      isOver: false,
      isFailing: false,
      isDelivering: false,
      isReporting: false,
      losesNextSent: false,
      reportedBytes: 0,
      isFarEnded: false,
      isEndTold: false,
      isFarGone: false,
      passage: undefined,
      outFlight: undefined,
      inFlight: undefined,
      reader: undefined,
      breakable: undefined,
      isStranded: false,
      isDoomed: false,
    }),
    opened(dialler) {
      if (dialler.passage !== undefined) takeOff(dialler, dialler.passage.out)
    },
    join(dialler, accepted) {
      accepted.in = dialler.out
      accepted.inFlight = dialler.outFlight
      dialler.reader = accepted
      accepted.reader = dialler
      if (dialler.passage !== undefined) takeOff(accepted, dialler.passage.back)
      // It may have been given up since; then its pipe ends, and nobody reads the other one.
      accepted.isFarGone = dialler.isOver
      if (dialler.isOver) return
      dialler.in = accepted.out
      dialler.inFlight = accepted.outFlight
      dialler.far = accepted
      accepted.far = dialler
      if (policy === undefined) return
      dialler.breakable = accepted.breakable = breakable(dialler, accepted)
      policy.joined(dialler.breakable)
    },
    refuse(dialler) {
      if (dialler.passage === undefined) fail(dialler, 'reset')
      else dialler.passage.back.carry(() => fail(dialler, 'reset'))
    },
    write(end, bytes) {
      if (end.isOver || end.isFailing || end.out.isEnded) return
      if (end.isFarGone && policy === undefined) return fail(end, 'reset')
      end.out.write(bytes)
      reportProgress(end)
      depart(end)
    },
    finish(end) {
      if (end.isOver || end.out.isEnded) return
      end.out.end()
      depart(end)
      closeWhenDone(end)
    },
    pause(end) {
      end.isPaused = true
    },
    resume(end) {
      end.isPaused = false
      wake(end)
    },
    report,
    fail,
    release(end) {
      if (end.isOver) return
      const { far } = end
      const isUnread = (end.in?.readyBytes ?? 0) > 0
      end.out.cut()
      setOver(end)
      end.outFlight?.depart()
      if (far === undefined) return
      far.isFarGone = true
      if (policy !== undefined) {
        if (isUnread) answerWithReset(far)
        return closeWhenDone(far)
      }
      // A system answers what it can no longer deliver by a reset, which overtakes what was sent.
      if (isUnread) return fail(far, 'reset')
      wake(far)
      closeWhenDone(far)
    },
  }
}
