/**
 * What the store tells the node, and how it is opened and closed: by the one node whose it is.
 * @module
 */
import type { NodeFault, RootEvent } from '../machines/root.ts'
import { StoreError } from '../world/store.ts'
import type { Store, StoreInput } from '../world/store.ts'
import type { SupervisorEvent } from './events.ts'
import type { StoreWrites } from './store-writes.ts'

export interface StoreDeskOptions {
  readonly store: Pick<Store, 'close' | 'open'>
  readonly writes: StoreWrites
  enter(input: StoreInput): void
  send(event: RootEvent): void
  fail(why: NodeFault, message: string): void
  tell(event: SupervisorEvent): void
}

export interface StoreDesk {
  open(): void
  /** `store.closed` follows. */
  close(): void
  onStore(input: StoreInput): void
}

export function createStoreDesk({
  enter,
  fail,
  send,
  store,
  tell,
  writes,
}: StoreDeskOptions): StoreDesk {
  let isOfAnother = false

  return {
    open() {
      try {
        store.open(enter)
      } catch (error) {
        if (!(error instanceof StoreError)) throw error
        isOfAnother = true
        fail('store-refused', 'the store was opened before: each node has its own')
      }
    },
    close() {
      if (isOfAnother) send({ type: 'store.closed' })
      else store.close()
    },
    onStore(input) {
      switch (input.kind) {
        case 'store.opened':
          if (input.setAside.length > 0) tell({ type: 'store.set-aside', files: input.setAside })
          send({ type: 'store.opened' })
          return
        case 'store.refused':
          fail('store-refused', input.message)
          return
        case 'store.durable':
          writes.durable(input.batch)
          return
        case 'store.failed':
          writes.failed(input.batch)
          tell({ type: 'store.failed', fault: input.fault, batch: input.batch })
          return
        case 'store.closed':
          send({ type: 'store.closed' })
          return
      }
    },
  }
}
