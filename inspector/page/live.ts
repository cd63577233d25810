/**
 * The page's one connection to the server that it came from: it asks for views, and asks again for
 * all that is still looked at when the connection was lost and is back.
 * @module
 */
import { isLastAnswer } from '../last-answer.ts'
import type { Answer, InspectorMessage, PageMessage, Query, Refusal, Sampled } from '../messages.ts'

export type AnswerTo<Asked extends Query> = Extract<Answer, { readonly view: Asked['view'] }>

export interface View<Asked extends Query> {
  readonly answer: AnswerTo<Asked>
  readonly sampled: Sampled
  /** By the page's own clock (`performance.now`). */
  readonly atMs: number
}

export interface Hello {
  readonly actions: boolean
  readonly recordDir: string | null
  readonly version: string
}

export type LiveStatus =
  | { readonly is: 'connecting' }
  | { readonly is: 'live'; readonly hello: Hello; readonly shed: number }
  /** There is a connection, and nothing comes of what is looked at. */
  | { readonly is: 'silent'; readonly hello: Hello; readonly shed: number }
  /** What was told last; undefined: nobody has answered yet. */
  | { readonly is: 'lost'; readonly hello: Hello | undefined }

export interface ViewListener<Asked extends Query> {
  onView(view: View<Asked>): void
  onRefused(refused: Refusal): void
}

export interface Live {
  status(): LiveStatus
  /** @returns no more of it */
  onStatus(listener: () => void): () => void
  /** @returns the page looks at it no more */
  ask<Asked extends Query>(query: Asked, listener: ViewListener<Asked>): () => void
}

/** A node that is started again is back within seconds; one that is gone costs little to ask for. */
const AGAIN_FIRST_MS = 500
const AGAIN_MAX_MS = 10_000

/** As long as a node of several may leave out before it is said not to answer. */
const SILENT_MS = 3_000
const SILENT_PACES = 3
const TICK_MS = 1_000
/** A node that is gone may be started again. */
const GONE_AGAIN_MS = 3_000

interface Looking {
  readonly query: Query
  onAnswer(answer: Answer, sampled: Sampled): void
  onRefused(refused: Refusal): void
}

export function createLive(url: string, token: string): Live {
  const looking = new Map<number, Looking>()
  const listeners = new Set<() => void>()
  let status: LiveStatus = { is: 'connecting' }
  let socket: WebSocket | undefined
  let nextId = 1
  let againMs = AGAIN_FIRST_MS
  /** To which answers are to come. */
  const awaited = new Set<number>()
  /** What is asked again: one timer each, whatever is lost and back meanwhile. */
  const agains = new Map<number, ReturnType<typeof setTimeout>>()
  /** Nothing has come for so long, but for times in which this page stood still itself. */
  let silentMs = 0
  let everyMs = 0
  let tickedMs = performance.now()

  const become = (next: LiveStatus): void => {
    status = next
    for (const listener of listeners) listener()
  }

  const say = (message: PageMessage): void => {
    if (socket?.readyState === WebSocket.OPEN) socket.send(JSON.stringify(message))
  }

  const ask = (id: number): void => {
    clearTimeout(agains.get(id))
    agains.delete(id)
    const asked = looking.get(id)
    if (asked === undefined) return
    awaited.add(id)
    say({ kind: 'ask', id, query: asked.query })
  }

  const refuse = (id: number, refused: Refusal): void => {
    awaited.delete(id)
    looking.get(id)?.onRefused(refused)
    if (refused.why !== 'node-gone' || !looking.has(id)) return
    clearTimeout(agains.get(id))
    agains.set(id, setTimeout(ask, GONE_AGAIN_MS, id))
  }

  const tick = (): void => {
    const nowMs = performance.now()
    const passedMs = Math.min(nowMs - tickedMs, 2 * TICK_MS)
    tickedMs = nowMs
    silentMs = status.is === 'live' && awaited.size > 0 ? silentMs + passedMs : 0
    if (status.is === 'live' && silentMs > Math.max(SILENT_MS, SILENT_PACES * everyMs)) {
      become({ ...status, is: 'silent' })
    }
  }

  const hear = (message: InspectorMessage): void => {
    silentMs = 0
    if (status.is === 'silent') become({ ...status, is: 'live' })
    switch (message.kind) {
      case 'hello': {
        const { actions, recordDir, version } = message
        become({ is: 'live', hello: { actions, recordDir, version }, shed: 0 })
        return
      }
      case 'answer':
        everyMs = message.sampled.everyMs
        if (isLastAnswer(message.answer)) awaited.delete(message.id)
        looking.get(message.id)?.onAnswer(message.answer, message.sampled)
        return
      case 'refused':
        if (message.id !== null) refuse(message.id, message.refused)
        return
      case 'shed':
        if (status.is === 'live') become({ ...status, shed: status.shed + message.answers })
        return
    }
  }

  const connect = (): void => {
    const opened = new WebSocket(url, ['peerloom', `token.${token}`])
    socket = opened
    opened.addEventListener('open', () => {
      againMs = AGAIN_FIRST_MS
      for (const id of looking.keys()) ask(id)
    })
    opened.addEventListener('message', ({ data }: { readonly data: unknown }) => {
      if (typeof data === 'string') hear(JSON.parse(data) as InspectorMessage)
    })
    opened.addEventListener('close', () => {
      become({ is: 'lost', hello: 'hello' in status ? status.hello : undefined })
      setTimeout(connect, againMs)
      againMs = Math.min(2 * againMs, AGAIN_MAX_MS)
    })
  }

  connect()
  setInterval(tick, TICK_MS)
  return {
    status: () => status,
    onStatus(listener) {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
    ask<Asked extends Query>(query: Asked, listener: ViewListener<Asked>) {
      const isOurs = (answer: Answer): answer is AnswerTo<Asked> => answer.view === query.view
      const id = nextId++
      looking.set(id, {
        query,
        onAnswer(answer, sampled) {
          const atMs = performance.now()
          if (isOurs(answer)) listener.onView({ answer, sampled, atMs })
        },
        onRefused: listener.onRefused,
      })
      ask(id)
      return () => {
        looking.delete(id)
        awaited.delete(id)
        clearTimeout(agains.get(id))
        agains.delete(id)
        say({ kind: 'drop', id })
      }
    },
  }
}
