/**
 * The demo's accounts: which line was handed over where, how it came, and who holds what in the end.
 * Pure.
 * @module
 */

export interface Summary {
  /** Pairs of a line and a node alive at the end that holds it. */
  readonly delivered: number
  /** Of these, those that it published itself, and how the others came to it. */
  readonly own: number
  readonly byGossip: number
  readonly bySync: number
  /** Pairs that there should be and are not. */
  readonly missing: number
  /** Handed to a subscriber twice, over all lives of a node. */
  readonly duplicates: number
}

export interface NodeTally {
  readonly node: string
  readonly holds: number
  readonly byGossip: number
  readonly bySync: number
}

export interface Tally {
  published(node: string, line: number): void
  arrived(node: string, line: number, by: 'gossip' | 'sync'): void
  /** What a node says that it holds; each time all of it. */
  holds(node: string, lines: readonly number[]): void
  readonly publishedCount: number
  /** By what was handed over and what it published: what a node has without being asked. */
  has(node: string): number
  /** What it holds that was published. */
  holdsOf(node: string): number
  of(node: string): NodeTally
  summary(alive: readonly string[]): Summary
}

interface Account {
  /** How each line came first. */
  readonly came: Map<number, 'gossip' | 'sync'>
  readonly own: Set<number>
  held: ReadonlySet<number>
  duplicates: number
}

export function createTally(): Tally {
  const accounts = new Map<string, Account>()
  const published = new Set<number>()

  const accountOf = (node: string): Account => {
    const known = accounts.get(node)
    if (known !== undefined) return known
    const account: Account = { came: new Map(), own: new Set(), held: new Set(), duplicates: 0 }
    accounts.set(node, account)
    return account
  }

  const count = (lines: Iterable<number>, isCounted: (line: number) => boolean): number => {
    let sum = 0
    for (const line of lines) if (published.has(line) && isCounted(line)) sum++
    return sum
  }

  const cameBy = ({ came, held }: Account, by: 'gossip' | 'sync'): number =>
    // What was made durable just before a kill is held, and was never handed over: sync it was not.
    count(held, (line) => came.get(line) === by)

  return {
    published(node, line) {
      published.add(line)
      accountOf(node).own.add(line)
    },
    arrived(node, line, by) {
      const account = accountOf(node)
      if (account.came.has(line)) account.duplicates++
      else account.came.set(line, by)
    },
    holds(node, lines) {
      accountOf(node).held = new Set(lines)
    },
    get publishedCount() {
      return published.size
    },
    has(node) {
      const { came, own } = accountOf(node)
      return count(new Set([...came.keys(), ...own]), () => true)
    },
    holdsOf: (node) => count(accountOf(node).held, () => true),
    of(node) {
      const account = accountOf(node)
      return {
        node,
        holds: count(account.held, () => true),
        byGossip: cameBy(account, 'gossip'),
        bySync: cameBy(account, 'sync'),
      }
    },
    summary(alive) {
      const of = alive.map(accountOf)
      const sum = (each: (account: Account) => number): number =>
        of.reduce((total, account) => total + each(account), 0)
      const delivered = sum(({ held }) => count(held, () => true))
      return {
        delivered,
        own: sum(({ held, own }) => count(held, (line) => own.has(line))),
        byGossip: sum((account) => cameBy(account, 'gossip')),
        bySync: sum((account) => cameBy(account, 'sync')),
        missing: published.size * alive.length - delivered,
        duplicates: [...accounts.values()].reduce((total, { duplicates }) => total + duplicates, 0),
      }
    },
  }
}
