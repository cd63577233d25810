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
