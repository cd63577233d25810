/**
 * What is said of a node's page. It loads nothing of the page's server.
 * @module
 */

export type Inspected =
  /** Where its page is, with the token, and where clients of `@statelyai/inspect` connect. */
  | { readonly url: string; readonly statelyUrl: string }
  /** Why there is none. */
  | { readonly fault: string }

/** For a person. */
export const inspectedSentence = (inspected: Inspected): string =>
  'url' in inspected ? `its page is ${inspected.url}` : inspected.fault

/** Why a page is not served on a port. */
export function faultSentence(error: unknown, port: number): string {
  const code = error instanceof Error && 'code' in error ? error.code : undefined
  const what = `there is no page: the port ${String(port)} of 127.0.0.1`
  if (code === 'EADDRINUSE') return `${what} is taken`
  if (code === 'EACCES') return `${what} may not be used`
  const why = error instanceof Error ? error.message : String(error)
  return `there is no page: ${why}`
}
