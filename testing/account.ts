/**
 * What has to add up when a node has stopped: it holds nothing, and of each connection every message
 * was handled or dropped for a reason. Not a test by itself: suites, flows and pairs ask.
 * @module
 */
import type { SupervisorEvent } from '../supervisor/events.ts'
import type { Audit } from '../supervisor/node-contract.ts'

export type Closing = Extract<SupervisorEvent, { readonly type: 'connection.closed' }>

/** What a node that has stopped holds none of. Actors, watchers and bounded records are no holding. */
const HELD: readonly (keyof Audit)[] = [
  'streams',
  'listeners',
  'datagramSockets',
  'timers',
  'questions',
  'connections',
  'slots',
  'pending',
  'dials',
  'subscribers',
  'handlers',
  'handled',
  'feeds',
  'topics',
  'namedHandlers',
  'calls',
  'writes',
  'creditBytes',
]

/** The names of what a stopped node still holds. */
export const heldBy = (audit: Audit): readonly (keyof Audit)[] =>
  HELD.filter((name) => audit[name] !== 0)

/** received = handled + dropped */
export const isAccounted = ({ dropped, handledMessages, receivedMessages }: Closing): boolean =>
  handledMessages + Object.values(dropped).reduce((sum, count) => sum + count, 0) ===
  receivedMessages
