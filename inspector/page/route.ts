/**
 * Which part of the page is shown, as the fragment of its address: it can be gone back to, and opened
 * in another tab.
 * @module
 */
import { useEffect, useState } from 'preact/hooks'

export type Route =
  | { readonly at: 'connections' }
  | { readonly at: 'network' }
  | { readonly at: 'nodes' }
  | { readonly at: 'node'; readonly node: string }
  | { readonly at: 'connection'; readonly node: string; readonly connection: string }
  | { readonly at: 'journals' }
  /** What the flight recorder keeps of a connection. */
  | { readonly at: 'flight'; readonly node: string; readonly connection: string }

export function routeOf(fragment: string): Route {
  const [at = '', ...rest] = fragment.replace(/^#\/?/, '').split('/').map(decoded)
  const [node, connection] = rest
  if (at === 'network' || at === 'nodes' || at === 'journals') return { at }
  if (at === 'node' && node !== undefined) return { at, node }
  const isOfConnection = at === 'connection' || at === 'flight'
  if (isOfConnection && node !== undefined && connection !== undefined) {
    return { at, node, connection }
  }
  return { at: 'connections' }
}

function decoded(part: string): string {
  try {
    return decodeURIComponent(part)
  } catch {
    // Written by hand: it names nothing.
    return part
  }
}

export function fragmentOf(route: Route): string {
  const parts: readonly string[] =
    route.at === 'node'
      ? [route.at, route.node]
      : route.at === 'connection' || route.at === 'flight'
        ? [route.at, route.node, route.connection]
        : route.at === 'connections'
          ? []
          : [route.at]
  return `#/${parts.map(encodeURIComponent).join('/')}`
}

export function useRoute(): Route {
  const [route, setRoute] = useState(() => routeOf(location.hash))
  useEffect(() => {
    const follow = (): void => {
      setRoute(routeOf(location.hash))
    }
    addEventListener('hashchange', follow)
    return () => {
      removeEventListener('hashchange', follow)
    }
  }, [])
  return route
}
