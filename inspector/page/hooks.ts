/**
 * What the page's parts look at: a view of a node, whether there is a connection, the time.
 * @module
 */
import { useEffect, useState } from 'preact/hooks'
import type { Query, Refusal } from '../messages.ts'
import type { LaidOutChart } from './server.ts'
import type { Hello, LiveStatus, View } from './live.ts'
import { useServer } from './server.ts'

export interface Looked<Asked extends Query> {
  /** The last one; that of the query before, until this one is answered. */
  readonly view: View<Asked> | undefined
  readonly refused: Refusal | undefined
}

/** Asks for as long as the part is shown. */
export function useView<Asked extends Query>(query: Asked): Looked<Asked> {
  const { live } = useServer()
  const [looked, setLooked] = useState<Looked<Asked>>({ view: undefined, refused: undefined })
  const key = JSON.stringify(query)
  useEffect(
    () =>
      live.ask(query, {
        onView: (view) => {
          setLooked({ view, refused: undefined })
        },
        onRefused: (refused) => {
          setLooked(({ view }) => ({ view, refused }))
        },
      }),
    [live, key],
  )
  return looked
}

export function useStatus(): LiveStatus {
  const { live } = useServer()
  const [status, setStatus] = useState(live.status)
  useEffect(() => {
    const look = (): void => {
      setStatus(live.status())
    }
    const leave = live.onStatus(look)
    // It may have changed since this was drawn.
    look()
    return leave
  }, [live])
  return status
}

/** What the node told last of itself; undefined: nothing yet. */
export function useHello(): Hello | undefined {
  const status = useStatus()
  return 'hello' in status ? status.hello : undefined
}

/** `performance.now`, as often as is asked for. */
export function useNow(everyMs: number): number {
  const [now, setNow] = useState(() => performance.now())
  useEffect(() => {
    const timer = setInterval(() => {
      setNow(performance.now())
    }, everyMs)
    return () => {
      clearInterval(timer)
    }
  }, [everyMs])
  return now
}

export type ChartState =
  | { readonly is: 'loading' }
  | { readonly is: 'here'; readonly laidOut: LaidOutChart }
  | { readonly is: 'failed'; readonly message: string }

export function useChart(node: string, name: string): ChartState {
  const server = useServer()
  const [state, setState] = useState<ChartState>({ is: 'loading' })
  useEffect(() => {
    let isWanted = true
    setState({ is: 'loading' })
    const become = (next: ChartState): void => {
      if (isWanted) setState(next)
    }
    server.chart(node, name).then(
      (laidOut) => {
        become({ is: 'here', laidOut })
      },
      (error: unknown) => {
        const message = error instanceof Error ? error.message : String(error)
        become({ is: 'failed', message })
      },
    )
    return () => {
      isWanted = false
    }
  }, [server, node, name])
  return state
}
