/**
 * A map in the order of last use, oldest first, for bounded tables whose owner decides what goes.
 * Every operation is O(1): the built-in Map keeps an order too, but a queue of it walks over the
 * holes that deletions left at its front.
 * @module
 */

interface Node<Value> {
  readonly key: string
  value: Value
  older: Node<Value> | undefined
  newer: Node<Value> | undefined
}

export interface RecencyMap<Value> {
  readonly size: number
  /** Does not count as use. */
  get(key: string): Value | undefined
  /** Makes it the newest. */
  set(key: string, value: Value): void
  /** Makes it the newest, if it is there. */
  touch(key: string): void
  delete(key: string): boolean
  oldest(): readonly [key: string, value: Value] | undefined
  /** From the oldest to the newest. The entry last given may be touched or deleted meanwhile. */
  entries(): IterableIterator<readonly [key: string, value: Value]>
}

export function createRecencyMap<Value>(): RecencyMap<Value> {
  const nodes = new Map<string, Node<Value>>()
  let oldest: Node<Value> | undefined
  let newest: Node<Value> | undefined

  const unlink = (node: Node<Value>): void => {
    if (node.older === undefined) oldest = node.newer
    else node.older.newer = node.newer
    if (node.newer === undefined) newest = node.older
    else node.newer.older = node.older
    node.older = undefined
    node.newer = undefined
  }

  const append = (node: Node<Value>): void => {
    node.older = newest
    if (newest === undefined) oldest = node
    else newest.newer = node
    newest = node
  }

  const touch = (key: string): void => {
    const node = nodes.get(key)
    if (node === undefined || node === newest) return
    unlink(node)
    append(node)
  }

  return {
    get size() {
      return nodes.size
    },
    get: (key) => nodes.get(key)?.value,
    set(key, value) {
      const known = nodes.get(key)
      if (known !== undefined) {
        known.value = value
        touch(key)
        return
      }
      const node: Node<Value> = { key, value, older: undefined, newer: undefined }
      nodes.set(key, node)
      append(node)
    },
    touch,
    delete(key) {
      const node = nodes.get(key)
      if (node === undefined) return false
      nodes.delete(key)
      unlink(node)
      return true
    },
    oldest: () => (oldest === undefined ? undefined : [oldest.key, oldest.value]),
    *entries() {
      // A touched entry comes a second time at the end: the walk stops at what was the newest.
      const last = newest
      let node = oldest
      while (node !== undefined) {
        const next: Node<Value> | undefined = node === last ? undefined : node.newer
        yield [node.key, node.value] as const
        node = next
      }
    },
  }
}
