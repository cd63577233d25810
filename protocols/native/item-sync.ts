/**
 * Item sync: neighbours tell each other what they hold or once held, and ask each other for what they
 * lack. Here stands who is heard how often; telling, asking and answering have files of their own.
 * @module
 */
import type { ChildTools, Routed } from '../../actors/child.ts'
import { runsWithout } from '../../actors/runs.ts'
import { encodeHex } from '../../codec/bytes.ts'
import type { LocatorMessage } from '../../codec/native/messages.ts'
import type { NativeTypes } from '../../machines/handshakes/native.ts'
import { createAnswers } from './item-answers.ts'
import { createLocators } from './item-locators.ts'
import { createPulls } from './item-pulls.ts'
import type { PullOptions, Pulls } from './item-pulls.ts'
import type { ItemStore } from './item-store.ts'
import type { NativeLimits } from './limits.ts'
import { createRates } from './rates.ts'

type SyncLimits = Pick<
  NativeLimits,
  | 'drainMs'
  | 'locatorsPerWindowMax'
  | 'locatorsStrikeMax'
  | 'rangesPerWindowMax'
  | 'rangesStrikeMax'
  | 'rangesQueuedMax'
  | 'syncWindowMs'
>

export interface ItemSyncOptions extends Omit<PullOptions, 'limits' | 'store'> {
  readonly store: ItemStore
  readonly limits: PullOptions['limits'] & SyncLimits
}

export interface ItemSync extends Pick<Pulls, 'asked' | 'onItem' | 'pause' | 'release' | 'settle'> {
  /** What is held has changed. */
  onChange(): void
  /** An item of this neighbour shows that others are missing. */
  onGap(connection: string): void
}

export function startItemSync(tools: ChildTools<NativeTypes>, options: ItemSyncOptions): ItemSync {
  const { limits, store } = options
  const locators = createLocators(tools, store, limits)
  const pulls = createPulls(tools, options)
  const answers = createAnswers(tools, store, limits)
  const hearing = (max: number, strikeMax: number) => {
    // What is heard is never a strike.
    const floodAt = Math.max(max + 1, strikeMax)
    const rates = createRates(limits.syncWindowMs, floodAt)
    return {
      forget: rates.forget,
      isHeard(connection: string): boolean {
        const count = rates.note(connection, tools.monotonicMs())
        if (count >= floodAt) {
          // A strike each time that it did so much again.
          rates.forget(connection)
          tools.report(connection, 'sync-flood')
        }
        return count <= max
      },
    }
  }
  const heardLocators = hearing(limits.locatorsPerWindowMax, limits.locatorsStrikeMax)
  const heardRanges = hearing(limits.rangesPerWindowMax, limits.rangesStrikeMax)

  const takeLocator = ({ message, peer: { connection } }: Routed<LocatorMessage>): void => {
    if (!heardLocators.isHeard(connection)) return
    pulls.onLocator(connection, message.origins)
    // One that names nothing is of somebody who has nothing, or had no room for what it was told of.
    const lacks =
      message.origins.length === 0 ||
      message.origins.some(
        ({ originId, runs }) => runsWithout(store.held(encodeHex(originId)), runs).length > 0,
      )
    if (lacks) locators.onLacking(connection)
  }

  const onActive = (connection: string): void => {
    locators.onActive(connection)
    pulls.onActive(connection)
  }
  const onGone = (connection: string): void => {
    for (const part of [locators, pulls, answers]) part.onGone(connection)
    for (const heard of [heardLocators, heardRanges]) heard.forget(connection)
  }

  tools.watch({
    active({ name }) {
      onActive(name)
    },
    gone({ name }) {
      onGone(name)
    },
  })
  tools.feed('locator', takeLocator)
  tools.feed('range', ({ message, peer: { connection } }) => {
    if (heardRanges.isHeard(connection)) answers.onRange(connection, message)
  })

  // Those that became active before this incarnation began.
  const active = tools.connections().filter(({ phase }) => phase === 'active')
  const names = new Set(active.map(({ name }) => name))
  for (const name of options.wanted.keys()) if (!names.has(name)) options.wanted.delete(name)
  for (const name of names) onActive(name)

  return {
    asked: pulls.asked,
    onItem: pulls.onItem,
    settle: pulls.settle,
    release: pulls.release,
    pause: pulls.pause,
    onChange: locators.onChange,
    onGap: locators.onGap,
  }
}
