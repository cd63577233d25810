/**
 * The root chart's states, as the application sees them.
 * @module
 */
import type { StateValue } from 'xstate'
import type { NodeState } from './node-contract.ts'

const STATES: Readonly<Record<string, NodeState>> = {
  idle: 'idle',
  starting: 'starting',
  running: 'running',
  stopping: 'stopping',
  ended: 'stopping',
  stopped: 'stopped',
  failed: 'failed',
}

export function nodeStateOf(value: StateValue): NodeState {
  const top = typeof value === 'string' ? value : Object.keys(value)[0]
  return STATES[top ?? 'failed'] ?? 'failed'
}
