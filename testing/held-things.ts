/**
 * What a node gives back when it ends: the counts of its audit that are 0 from then on. The others are
 * its charts, who watches it, and records that outlive what they are about.
 * @module
 */
import type { Audit } from '../supervisor/node-contract.ts'

const HELD = [
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
] as const satisfies readonly (keyof Audit)[]

/** The names of what a node that has ended still holds. */
export const stillHeld = (audit: Audit): readonly string[] =>
  HELD.filter((name) => audit[name] !== 0)
