/**
 * A stream of the memory network as its two systems see it: two ends, each writing into a pipe that
 * the other reads. An end has at most one delivery of bytes and one `stream.sent` in the queue at a
 * time, so that streams take turns.
 * @module
 */
import type { StreamId, StreamInput, TransportFault } from '../../world/streams.ts'
import type { Ready } from './chunking.ts'
import type { Later } from '../later.ts'
import { createPipe } from './pipe.ts'
import type { Pipe } from './pipe.ts'

/** What stands where delivered bytes stood, once their step is over: who kept a view reads this. */
const SPENT_BYTE = 0xdd

export interface End {
  readonly stream: StreamId
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
}

export interface EndOptions {
  readonly stream: StreamId
  readonly tell: (input: StreamInput) => void
  readonly onOver: () => void
}

export interface Links {
  create(options: EndOptions): End
  join(dialler: End, accepted: End): void
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
  readonly chunking: (ready: Ready) => number
  readonly windowBytes: number
}

export function createLinks({ later, chunking, windowBytes }: LinksOptions): Links {
  /** Where delivered bytes stand until their step is over. */
  const window = new Uint8Array(windowBytes)

  const setOver = (end: End): void => {
    if (end.isOver) return
    end.isOver = true
    if (end.far !== undefined) end.far.far = undefined
    end.far = undefined
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

  const deliverBytes = (end: End, pipe: Pipe): void => {
    const count = Math.max(1, Math.min(chunking(pipe), pipe.readyBytes))
    const bytes = window.subarray(0, count)
    pipe.take(count, bytes)
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
    later(() => deliver(end))
  }

  return {
    create: ({ stream, tell, onOver }) => ({
      stream,
      out: createPipe(windowBytes),
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
    }),
    join(dialler, accepted) {
      accepted.in = dialler.out
      // It may have been given up since; then its pipe ends, and nobody reads the other one.
      accepted.isFarGone = dialler.isOver
      if (dialler.isOver) return
      dialler.in = accepted.out
      dialler.far = accepted
      accepted.far = dialler
    },
    write(end, bytes) {
      if (end.isOver || end.isFailing || end.out.isEnded) return
      if (end.isFarGone) return fail(end, 'reset')
      end.out.write(bytes)
      reportProgress(end)
      wake(end.far)
    },
    finish(end) {
      if (end.isOver || end.out.isEnded) return
      end.out.end()
      wake(end.far)
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
      if (far === undefined) return
      far.isFarGone = true
      // A system answers what it can no longer deliver by a reset, which overtakes what was sent.
      if (isUnread) return fail(far, 'reset')
      wake(far)
      closeWhenDone(far)
    },
  }
}
