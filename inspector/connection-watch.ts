/**
 * What passes over single connections, for those who follow them: one watcher on the node's port however
 * many are followed, and none while none is. A message of any other connection costs a comparison.
 * @module
 */
import type { Observation, ObservationPort } from '../world/observation.ts'

/** What happens on one connection. */
export type ConnectionObservation = Extract<
  Observation,
  { readonly of: 'message' | 'refused' | 'transition' | 'written' }
>

/** @param wallMs that of the step, Unix milliseconds; undefined before the first step that is seen */
export type ConnectionFollower = (
  observation: ConnectionObservation,
  wallMs: number | undefined,
) => void

export interface ConnectionWatch {
  /** Returns how to follow it no more. */
  follow(connection: string, follower: ConnectionFollower): () => void
}

export function createConnectionWatch(port: Pick<ObservationPort, 'watch'>): ConnectionWatch {
  const followers = new Map<string, Set<ConnectionFollower>>()
  let unwatch: (() => void) | undefined
  let stepMs: number | undefined
  /** Most messages are of the connection that the one before was of. */
  let lastName: string | undefined
  let lastFollowers: ReadonlySet<ConnectionFollower> | undefined

  const forgetLast = (): void => {
    lastName = undefined
    lastFollowers = undefined
  }

  const tell = (name: string, observation: ConnectionObservation): void => {
    if (name !== lastName) {
      lastName = name
      lastFollowers = followers.get(name)
    }
    if (lastFollowers === undefined) return
    for (const follower of lastFollowers) follower(observation, stepMs)
  }

  const watcher = (observation: Observation): void => {
    switch (observation.of) {
      case 'step':
        stepMs = observation.step.wallMs
        return
      case 'message':
      case 'refused':
      case 'written':
        tell(observation.connection, observation)
        return
      case 'transition':
        tell(observation.name, observation)
        return
      case 'effect':
      case 'event':
      case 'timing':
        return
    }
  }

  const leave = (): void => {
    unwatch?.()
    unwatch = undefined
    stepMs = undefined
    forgetLast()
  }

  return {
    follow(connection, follower) {
      unwatch ??= port.watch(watcher, {
        kinds: ['message', 'refused', 'step', 'transition', 'written'],
        // It is taken off by then: who follows next begins anew.
        onFault: leave,
      })
      const ofOne = followers.get(connection) ?? new Set()
      followers.set(connection, ofOne.add(follower))
      forgetLast()
      return () => {
        ofOne.delete(follower)
        if (ofOne.size === 0 && followers.get(connection) === ofOne) followers.delete(connection)
        forgetLast()
        if (followers.size === 0) leave()
      }
    },
  }
}
