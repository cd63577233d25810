/**
 * A recording, read in a thread of its own. The node's own thread does no more for it than to hand over
 * bytes and to take an answer of bounded size: its loop is not held, however large or ill-meant the
 * recording is. A thread that takes too long or too much memory is ended, and with it what it read.
 * @module
 */
import { Worker } from 'node:worker_threads'
import type { TimelineAnswers, TimelineReply, TimelineRequest } from './timeline-messages.ts'

/** An ordinary journal of 64 MiB opens in a few seconds on a slow machine. */
const ANSWER_MS = 20_000
/** What such a journal is as values; one that wants more was made for that. */
const HEAP_MIB_MAX = 1_024
/** Requests of one recording that wait: a page has one out, and scrubs. */
const WAITING_MAX = 16

const WORKER = new URL('./timeline-worker.js', import.meta.url)

export interface TimelineThreadOptions {
  /** The thread's program. Left out: the one beside this file. */
  readonly worker?: URL | undefined
  /** Milliseconds for one answer. Default: 20,000. */
  readonly answerMs?: number | undefined
  /** MiB. Default: 1,024. */
  readonly heapMibMax?: number | undefined
}

export interface TimelineThread {
  /** @throws {TimelineFault} in plain words */
  ask<Asked extends TimelineRequest>(request: Asked): Promise<TimelineAnswers[Asked['do']]>
  readonly isOver: boolean
  close(): Promise<void>
}

/** Why there is no answer. */
export class TimelineFault extends Error {
  override readonly name = 'TimelineFault'
}

interface Waiting {
  settle(reply: TimelineReply): void
  readonly deadline: NodeJS.Timeout
}

const codeOf = (error: unknown): unknown =>
  error instanceof Error && 'code' in error ? error.code : undefined

export function startTimelineThread(options: TimelineThreadOptions = {}): TimelineThread {
  const { answerMs = ANSWER_MS, heapMibMax = HEAP_MIB_MAX, worker = WORKER } = options
  const thread = new Worker(worker, {
    ...{ execArgv: [], env: {} },
    resourceLimits: { maxOldGenerationSizeMb: heapMibMax, maxYoungGenerationSizeMb: 64 },
  })
  // A process that has nothing else to do does not stay for a recording.
  thread.unref()
  const waiting: Waiting[] = []
  let over: string | undefined

  const end = async (why: string): Promise<void> => {
    over ??= why
    for (const { deadline, settle } of waiting.splice(0)) {
      clearTimeout(deadline)
      settle({ refused: over })
    }
    await thread.terminate()
  }
  const endFor = (why: string): void => {
    end(why).catch(() => undefined)
  }

  thread.on('message', (reply: TimelineReply) => {
    const first = waiting.shift()
    if (first === undefined) return
    clearTimeout(first.deadline)
    first.settle(reply)
  })
  thread.on('error', (error) => {
    const isFull = codeOf(error) === 'ERR_WORKER_OUT_OF_MEMORY'
    const why = isFull ? `it takes more than ${String(heapMibMax)} MiB` : error.message
    endFor(`the recording cannot be read: ${why}`)
  })
  thread.on('exit', () => {
    endFor('the recording is closed')
  })

  return {
    get isOver() {
      return over !== undefined
    },
    async ask<Asked extends TimelineRequest>(request: Asked) {
      if (over !== undefined) throw new TimelineFault(over)
      if (waiting.length >= WAITING_MAX) throw new TimelineFault('it is asked too much at once')
      const reply = await new Promise<TimelineReply>((settle) => {
        const deadline = setTimeout(() => {
          endFor(`the recording took longer than ${String(answerMs)} ms`)
        }, answerMs)
        waiting.push({ settle, deadline })
        thread.postMessage(request)
      })
      if ('refused' in reply) throw new TimelineFault(reply.refused)
      // Answers come in the order of the requests, one each.
      return reply.answer as TimelineAnswers[Asked['do']]
    },
    close: () => end('the recording is closed'),
  }
}
