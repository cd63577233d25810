/**
 * A recording, read in a process of its own. The node does no more for it than to hand over bytes and to
 * take an answer of bounded size: neither its loop nor its memory is held, however large or ill-meant the
 * recording is. A thread would not do: where its memory ends, the whole process may.
 *
 * A process that takes too long or too much memory is ended, and with it what it read.
 * @module
 */
import { fork } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import type { TimelineAnswers, TimelineReply, TimelineRequest } from './timeline-messages.ts'

/** An ordinary journal of 64 MiB opens in a few seconds on a slow machine. */
const ANSWER_MS = 20_000
/** What such a journal is as values; one that wants more was made for that. */
const HEAP_MIB_MAX = 1_024
/** Requests of one recording that wait: a page has one out, and scrubs. */
const WAITING_MAX = 16

const PROGRAM = new URL('./timeline-child.js', import.meta.url)

export interface TimelineReaderOptions {
  /** The process's program. Left out: the one beside this file. */
  readonly program?: URL | undefined
  /** Milliseconds for one answer. Default: 20,000. */
  readonly answerMs?: number | undefined
  /** MiB. Default: 1,024. */
  readonly heapMibMax?: number | undefined
}

export interface TimelineReader {
  /** @throws {TimelineFault} in plain words */
  ask<Asked extends TimelineRequest>(request: Asked): Promise<TimelineAnswers[Asked['do']]>
  readonly isOver: boolean
  /** Settles once the process is gone. */
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

/** How Node leaves when its heap is full. */
const isFull = (code: number | null, signal: NodeJS.Signals | null): boolean =>
  signal === 'SIGABRT' || code === 134

export function startTimelineReader(options: TimelineReaderOptions = {}): TimelineReader {
  const { answerMs = ANSWER_MS, heapMibMax = HEAP_MIB_MAX, program = PROGRAM } = options
  const child = fork(fileURLToPath(program), [], {
    execArgv: [`--max-old-space-size=${String(heapMibMax)}`],
    env: {},
    // Byte strings as they are.
    serialization: 'advanced',
    stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
  })
  // Where it could not be started, as where descriptors are used up, its handle names no process: a
  // signal would go to whoever's number stands there.
  const isStarted = child.pid !== undefined
  if (isStarted) {
    // A process that has nothing else to do does not stay for a recording.
    child.unref()
    child.channel?.unref()
  }
  const waiting: Waiting[] = []
  let over = isStarted ? undefined : 'the recording cannot be read: no process can be started'
  const gone = new Promise<void>((resolve) => {
    child.once('exit', () => {
      resolve()
    })
    child.once('error', () => {
      resolve()
    })
  })

  const end = (why: string): void => {
    over ??= why
    for (const { deadline, settle } of waiting.splice(0)) {
      clearTimeout(deadline)
      settle({ refused: over })
    }
    if (isStarted) child.kill('SIGKILL')
  }

  child.on('message', (reply) => {
    const first = waiting.shift()
    if (first === undefined) return
    clearTimeout(first.deadline)
    // Its program is ours.
    first.settle(reply as TimelineReply)
  })
  child.on('error', (error) => {
    end(`the recording cannot be read: ${error.message}`)
  })
  child.on('exit', (code, signal) => {
    const why = isFull(code, signal)
      ? `it takes more than ${String(heapMibMax)} MiB`
      : 'the process that read it ended'
    end(`the recording cannot be read: ${why}`)
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
          end(`the recording took longer than ${String(answerMs)} ms`)
        }, answerMs)
        waiting.push({ settle, deadline })
        child.send(request, (error) => {
          if (error !== null) end(`the recording cannot be read: ${error.message}`)
        })
      })
      if ('refused' in reply) throw new TimelineFault(reply.refused)
      // Answers come in the order of the requests, one each.
      return reply.answer as TimelineAnswers[Asked['do']]
    },
    close() {
      // Whoever waits for its end stays for it.
      if (isStarted) child.ref()
      end('the recording is closed')
      return gone
    },
  }
}
