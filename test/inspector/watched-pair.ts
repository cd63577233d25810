/**
 * Two nodes in a virtual world, and a page that looks at one of them.
 */
import type { Protocol, ProtocolTypes } from '../../index.ts'
import { createNodeSource } from '../../inspector/node-source.ts'
import type { NodeSourceOptions } from '../../inspector/node-source.ts'
import type { Answer, Query, ViewName } from '../../inspector/messages.ts'
import type { SourceMessage } from '../../inspector/source.ts'
import { native } from '../../protocols/native.ts'
import { startVirtualWorld } from '../../testing/virtual-world.ts'
import { keyOf } from '../contracts/seats.ts'
import { startNode } from '../support/nodes.ts'
import { manualTiming } from './manual-timing.ts'
import type { ManualTiming } from './manual-timing.ts'

export type AnswerOf<View extends ViewName> = Extract<Answer, { readonly view: View }>

export const nativeOf = (seat: 'listener' | 'dialler' | 'bystander') =>
  native({ network: 'test', privateKey: keyOf(seat) })

export function startWatchedPair<T extends ProtocolTypes>(
  protocolOf: (seat: 'listener' | 'dialler') => Protocol<T>,
  {
    timing = manualTiming(),
    ...given
  }: Partial<NodeSourceOptions<T>> & { timing?: ManualTiming } = {},
) {
  const world = startVirtualWorld({ seed: 'source' })
  const [ours, theirs] = [protocolOf('listener'), protocolOf('dialler')]
  const listener = startNode(world, 'listener', '10.0.0.1', ours)
  const dialler = startNode(world, 'dialler', '10.0.0.2', theirs)
  const address = (ours.identity?.length === 64 ? `node://${ours.identity}@` : '') + '10.0.0.1'
  const source = createNodeSource<T>({
    ...{ supervisor: listener.supervisor, protocol: ours, timing },
    clock: world.clock.forNode({ wallAheadMs: 0 }),
    ...given,
  })
  const told: SourceMessage[] = []
  const session = source.open((message) => told.push(message))
  let nextId = 1

  const ask = (query: unknown): number => {
    const id = nextId++
    session.ask({ kind: 'ask', id, query })
    return id
  }
  const last = (id: number): SourceMessage | undefined =>
    told.findLast((message) => message.id === id)

  return {
    ...{ world, timing, listener, dialler, source, session, told, ask, last },
    address: `${address}:${String(ours.defaultPort)}`,
    meet() {
      dialler.supervisor.connect(`${address}:${String(ours.defaultPort)}`).catch(() => undefined)
      world.runUntil(
        () => listener.supervisor.connections().some(({ phase }) => phase === 'active'),
        { withinMs: 5_000 },
      )
      world.settle()
    },
    /** What is answered to a query, now. */
    look<View extends ViewName>(query: Query & { readonly view: View }): AnswerOf<View> {
      const id = ask(query)
      timing.advance(500)
      const message = last(id)
      session.ask({ kind: 'drop', id })
      if (message?.kind !== 'answer') throw new Error(`no answer: ${JSON.stringify(message)}`)
      // It is the answer to this query.
      return message.answer as AnswerOf<View>
    },
    refusal(query: unknown) {
      const id = ask(query)
      timing.advance(500)
      const message = last(id) ?? told.at(-1)
      return message?.kind === 'refused' ? message.refused : undefined
    },
  }
}
