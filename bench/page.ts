/**
 * A page's reader without the page: a WebSocket client in a process of its own that looks at what a
 * page has open, and reads it all.
 * @module
 */
import { WebSocket } from 'ws'
import type { InspectorMessage, Query } from '../inspector/messages.ts'
import type { Contender } from './contender.ts'

/** What the inspector's page asks for with its table in front, one connection opened. */
const QUERIES: readonly Query[] = [
  { view: 'nodes' },
  {
    ...{ view: 'table', sort: 'received-rate', descending: true },
    ...{ filter: '', offset: 0, limit: 100 },
  },
  { view: 'connection', node: 'called', connection: 'called/in-1' },
  { view: 'series', node: 'called' },
  { view: 'log', node: 'called' },
]

interface Looking {
  readonly socket: WebSocket
  answers: number
  bytes: number
  everyMs: number
}

/** Settles once each of its questions was answered. */
function look(url: string): Promise<Looking> {
  const { hash, port } = new URL(url)
  const protocols = ['peerloom', `token.${hash.slice('#token='.length)}`]
  const socket = new WebSocket(`ws://127.0.0.1:${port}/live`, protocols)
  const looking: Looking = { socket, answers: 0, bytes: 0, everyMs: 0 }
  const unanswered = new Set(QUERIES.keys())
  return new Promise((resolve, reject) => {
    socket.on('error', reject)
    socket.on('open', () => {
      for (const [id, query] of QUERIES.entries()) {
        socket.send(JSON.stringify({ kind: 'ask', id, query }))
      }
    })
    socket.on('message', (data: Uint8Array) => {
      const message = JSON.parse(new TextDecoder().decode(data)) as InspectorMessage
      looking.bytes += data.length
      if (message.kind === 'refused') reject(new Error(message.refused.message))
      if (message.kind !== 'answer') return
      looking.answers++
      looking.everyMs = message.sampled.everyMs
      if (!unanswered.delete(message.id) || unanswered.size > 0) return
      // What comes from now on is told of.
      Object.assign(looking, { answers: 0, bytes: 0 })
      resolve(looking)
    })
  })
}

export const page: Contender = {
  page(tell) {
    let looking: Looking | undefined
    tell({ type: 'ready', at: '' })
    return Promise.resolve({
      async look(url) {
        looking = await look(url)
        tell({ type: 'looks' })
      },
      unlook() {
        if (looking === undefined) throw new Error('the page looks at nothing')
        const { answers, bytes, everyMs, socket } = looking
        socket.terminate()
        tell({ type: 'looked', answers, bytes, everyMs })
      },
    })
  },
}
