/**
 * The process in which one recording is read. Whatever a recording does to whoever reads it, it does here:
 * its owner has bounded this process's heap, waits for an answer so long and no longer, and ends it then. It
 * ends by itself when its owner is gone.
 * @module
 */
import { openTimeline } from './open-timeline.ts'
import { clipped } from './timeline.ts'
import type { Timeline } from './timeline.ts'
import type { TimelineAnswer, TimelineReply, TimelineRequest } from './timeline-messages.ts'

/** @throws {Error} it is none */
function bytesOf(given: Uint8Array | string): Uint8Array {
  if (typeof given !== 'string') return given
  const text = atob(given)
  return Uint8Array.from({ length: text.length }, (_, at) => text.charCodeAt(at))
}

let timeline: Timeline | undefined
let recording = new Uint8Array(0)

function answer(request: TimelineRequest): TimelineAnswer {
  if (request.do === 'open') {
    recording = new Uint8Array(bytesOf(request.bytes))
    timeline = openTimeline(recording, request.about)
    const { connections, name, of, protocol, steps } = timeline
    const { incomplete = null, unforkable = null } = timeline
    return { of, name, protocol, steps, connections, incomplete, unforkable }
  }
  if (timeline === undefined) throw new Error('nothing is open')
  if (request.do === 'bytes') return recording
  if (request.step >= timeline.steps) {
    throw new RangeError(`there are steps 0 to ${String(timeline.steps - 1)}`)
  }
  if (request.do === 'at') return timeline.at(request.step)
  return timeline.fork(request.step, { journal: request.journal })
}

process.on('message', (request: TimelineRequest) => {
  let reply: TimelineReply
  try {
    reply = { answer: answer(request) }
  } catch (error) {
    // Whatever is wrong is wrong with the recording: its owner is told, and nobody else.
    reply = { refused: clipped(error instanceof Error ? error.message : String(error)) }
  }
  process.send?.(reply)
})
