/**
 * A store in a test: opened, with its answers gathered and waited for.
 * @module
 */
import type { Store, StoreChange, StoreInput, StoreKey, StoreRange } from '../world/store.ts'
import { within } from './suite.ts'

export interface StoreHandle {
  readonly store: Store
  /** Every answer so far, in order. */
  readonly answers: readonly StoreInput[]
  /** The first answer of this kind that the test did not get before, once it is there. */
  answer<Kind extends StoreInput['kind']>(kind: Kind): Promise<StoreInput & { kind: Kind }>
  /** Writes as the next batch and says its number. */
  write(...changes: readonly StoreChange[]): number
  /** Waits until this batch is reported durable. Throws when it is reported failed. */
  durable(batch: number): Promise<void>
  close(): Promise<StoreInput & { kind: 'store.closed' }>
}

/** Opens and waits for the first answer, which may be a refusal. */
export async function startStore(store: Store): Promise<StoreHandle> {
  const answers: StoreInput[] = []
  const taken = new Set<StoreInput>()
  let wake: (() => void) | undefined
  let lastBatch = 0

  async function until<Result>(what: string, look: () => Result | undefined): Promise<Result> {
    for (;;) {
      const found = look()
      if (found !== undefined) return found
      await within(new Promise<void>((resolve) => (wake = resolve)), what)
    }
  }

  const handle: StoreHandle = {
    store,
    answers,
    answer: (kind) =>
      until(kind, () => {
        const found = answers.find((input) => input.kind === kind && !taken.has(input))
        if (found !== undefined) taken.add(found)
        return found as (StoreInput & { kind: typeof kind }) | undefined
      }),
    write(...changes) {
      lastBatch += 1
      store.write(lastBatch, changes)
      return lastBatch
    },
    async durable(batch) {
      await until(`batch ${batch} on the medium`, () => {
        const failed = answers.find((input) => input.kind === 'store.failed')
        if (failed !== undefined) throw new Error(`batch ${failed.batch}: ${failed.fault}`)
        return answers.find((input) => input.kind === 'store.durable' && input.batch >= batch)
      })
    },
    close() {
      store.close()
      return handle.answer('store.closed')
    },
  }

  store.open((input) => {
    answers.push(input)
    wake?.()
  })
  await until('the first answer', () => answers[0])
  return handle
}

export const bytes = (...values: readonly number[]): Uint8Array => Uint8Array.from(values)

export const text = (value: string): Uint8Array => new TextEncoder().encode(value)

export const put = (table: string, key: StoreKey, value: Uint8Array): StoreChange => ({
  table,
  key,
  value,
})

export const remove = (table: string, key: StoreKey): StoreChange => ({ table, key })

/** The whole table, or a range of it, as `key=value` texts. */
export function list(store: Store, table: string, range: Partial<StoreRange> = {}): string[] {
  const decoder = new TextDecoder()
  const entries = store.range(table, { limit: Number.MAX_SAFE_INTEGER, ...range })
  return [...entries].map(([key, value]) => `${decoder.decode(key)}=${decoder.decode(value)}`)
}
