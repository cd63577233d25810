/**
 * The page's one connection to the server that it came from: it asks for views, and asks again for
 * all that is still looked at when the connection was lost and is back.
 * @module
 */
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

  const become = (next: LiveStatus): void => {
    status = next
    for (const listener of listeners) listener()
  }

  const say = (message: PageMessage): void => {
    if (socket?.readyState === WebSocket.OPEN) socket.send(JSON.stringify(message))
  }

  const hear = (message: InspectorMessage): void => {
    switch (message.kind) {
      case 'hello': {
        const { actions, recordDir, version } = message
        become({ is: 'live', hello: { actions, recordDir, version }, shed: 0 })
        return
      }
      case 'answer':
        looking.get(message.id)?.onAnswer(message.answer, message.sampled)
        return
      case 'refused':
        if (message.id !== null) looking.get(message.id)?.onRefused(message.refused)
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
      for (const [id, { query }] of looking) say({ kind: 'ask', id, query })
    })
    opened.addEventListener('message', ({ data }: MessageEvent<unknown>) => {
      if (typeof data === 'string') hear(JSON.parse(data) as InspectorMessage)
    })
    opened.addEventListener('close', () => {
      become({ is: 'lost', hello: 'hello' in status ? status.hello : undefined })
      setTimeout(connect, againMs)
      againMs = Math.min(2 * againMs, AGAIN_MAX_MS)
    })
  }

  connect()
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
      say({ kind: 'ask', id, query })
      return () => {
        looking.delete(id)
        say({ kind: 'drop', id })
      }
    },
  }
}
