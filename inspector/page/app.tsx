/**
 * What stands around every part of the page: where one can go, and whether what is shown is live.
 * @module
 */
import { useEffect, useRef } from 'preact/hooks'
import { ConnectionPage } from './connection-page.tsx'
import { ConnectionsPage } from './connections-page.tsx'
import { useStatus } from './hooks.ts'
import { JournalPage } from './journal-page.tsx'
import { NetworkPage } from './network-page.tsx'
import { NodePage } from './node-page.tsx'
import { NodesPage } from './nodes-page.tsx'
import { fragmentOf, useRoute } from './route.ts'
import type { Route } from './route.ts'
import { manyWords } from './words.ts'

const PLACES: readonly {
  readonly title: string
  readonly route: Route
  readonly holds: readonly Route['at'][]
}[] = [
  { title: 'Connections', route: { at: 'connections' }, holds: ['connections', 'connection'] },
  { title: 'Network', route: { at: 'network' }, holds: ['network'] },
  { title: 'Nodes', route: { at: 'nodes' }, holds: ['nodes', 'node'] },
  { title: 'Journals', route: { at: 'journals' }, holds: ['journals', 'flight'] },
]

function Status() {
  const status = useStatus()
  const words =
    status.is === 'live'
      ? status.shed === 0
        ? 'live'
        : `live, ${manyWords(status.shed, 'answer')} left out`
      : status.is === 'connecting'
        ? 'connecting'
        : 'no answer'
  return (
    <p class={`status is-${status.is === 'silent' ? 'lost' : status.is}`} role="status">
      {words}
    </p>
  )
}

function Lost() {
  const status = useStatus()
  if (status.is === 'silent') {
    return (
      <p class="notice is-bad" role="alert">
        The node does not answer: it hangs, or does something that takes long. What is shown is what
        it was.
      </p>
    )
  }
  if (status.is !== 'lost') return null
  return (
    <p class="notice is-bad" role="alert">
      Nobody answers. The process has ended, or this address is of an earlier run of it: each run
      has a token of its own. What is shown is what it was. It is asked again by itself.
    </p>
  )
}

function Place({ route }: { readonly route: Route }) {
  switch (route.at) {
    case 'connections':
      return <ConnectionsPage />
    case 'network':
      return <NetworkPage />
    case 'nodes':
      return <NodesPage />
    case 'node':
      return <NodePage key={route.node} node={route.node} />
    case 'connection':
      return (
        <ConnectionPage
          key={`${route.node} ${route.connection}`}
          node={route.node}
          connection={route.connection}
        />
      )
    case 'journals':
      return <JournalPage />
    case 'flight':
      return (
        <JournalPage
          key={`${route.node} ${route.connection}`}
          flight={{ node: route.node, connection: route.connection }}
        />
      )
  }
}

export function App() {
  const route = useRoute()
  const main = useRef<HTMLElement>(null)
  const fragment = fragmentOf(route)
  const isFirst = useRef(true)
  useEffect(() => {
    // Whoever hears the page is told that another part of it is there now.
    if (!isFirst.current) main.current?.focus({ preventScroll: true })
    isFirst.current = false
    scrollTo(0, 0)
  }, [fragment])
  return (
    <>
      <header class="top">
        <a
          class="skip"
          href={fragment}
          onClick={(event) => {
            event.preventDefault()
            main.current?.focus()
          }}
        >
          To the content
        </a>
        <p class="brand">
          <a href="#/">Peerloom</a>
        </p>
        <nav aria-label="Parts of the page">
          <ul>
            {PLACES.map((place) => (
              <li key={place.title}>
                <a
                  href={fragmentOf(place.route)}
                  aria-current={place.holds.includes(route.at) ? 'page' : undefined}
                >
                  {place.title}
                </a>
              </li>
            ))}
          </ul>
        </nav>
        <Status />
      </header>
      <main ref={main} tabIndex={-1}>
        <Lost />
        <Place route={route} />
      </main>
    </>
  )
}
