/**
 * Publications that some neighbours did not get because whoever sent them first had no place left there.
 * When another neighbour sends one too, it is passed on as that one's: else who uses up its own places, and
 * is quicker than the others, would silence all that it is the first to pass on.
 * @module
 */

export interface Withheld<Message> {
  /** As it leaves. */
  readonly message: Message
  /** An identity. */
  readonly origin: string
  /** Names of the connections of those who did not get it. */
  readonly lacking: ReadonlySet<string>
}

export interface WithheldTable<Message> {
  /** In place of what was noted of it before. Where nobody lacks it, it is forgotten. */
  note(id: string, withheld: Withheld<Message>): void
  find(id: string): Withheld<Message> | undefined
}

/** @param withheldMax how many are remembered: the oldest go first, and go no further */
export function createWithheld<Message>(withheldMax: number): WithheldTable<Message> {
  const table = new Map<string, Withheld<Message>>()
  return {
    note(id, withheld) {
      table.delete(id)
      if (withheld.lacking.size > 0) table.set(id, withheld)
      for (const oldest of table.keys()) {
        if (table.size <= withheldMax) return
        table.delete(oldest)
      }
    },
    find: (id) => table.get(id),
  }
}
