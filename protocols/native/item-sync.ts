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

const SYNC_WINDOW_MS = 10_000
/** Ten thousand origins are twenty locators, told twice within the window, and again for gaps. */
const LOCATORS_PER_WINDOW_MAX = 100
/** A hundred a second: one at a time, each of one number, over a fast line. */
const RANGES_PER_WINDOW_MAX = 1_000
/** More than so many times what is heard is no haste any more. */
const FLOOD_FACTOR = 5

export interface ItemSyncOptions extends Omit<PullOptions, 'limits' | 'store'> {
  readonly store: ItemStore
  readonly limits: PullOptions['limits'] & Pick<NativeLimits, 'drainMs'>
}

export interface ItemSync extends Pick<Pulls, 'asked' | 'onItem' | 'pause' | 'settle'> {
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
  const heard = {
    locator: createRates(SYNC_WINDOW_MS, LOCATORS_PER_WINDOW_MAX * FLOOD_FACTOR),
    range: createRates(SYNC_WINDOW_MS, RANGES_PER_WINDOW_MAX * FLOOD_FACTOR),
  }

  const isHeard = (type: 'locator' | 'range', connection: string, max: number): boolean => {
    const count = heard[type].note(connection, tools.monotonicMs())
    if (count >= max * FLOOD_FACTOR) {
      // A strike each time that it did so much again.
      heard[type].forget(connection)
      tools.report(connection, 'sync-flood')
    }
    return count <= max
  }

  const takeLocator = ({ message, peer: { connection } }: Routed<LocatorMessage>): void => {
    if (!isHeard('locator', connection, LOCATORS_PER_WINDOW_MAX)) return
    pulls.onLocator(connection, message.origins)
    const lacks = message.origins.some(
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
    for (const rates of [heard.locator, heard.range]) rates.forget(connection)
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
    if (isHeard('range', connection, RANGES_PER_WINDOW_MAX)) answers.onRange(connection, message)
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
    pause: pulls.pause,
    onChange: locators.onChange,
    onGap: locators.onGap,
  }
}
