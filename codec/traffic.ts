/**
 * How many bytes went over a wire, by the type of message and both ways: for networks whose operators
 * compare such numbers.
 * @module
 */

/** Bytes on the wire, by the type of message. */
export interface WireTraffic {
  readonly received: Readonly<Record<string, number>>
  readonly sent: Readonly<Record<string, number>>
}

export interface Traffic {
  /** Types come from a closed list: whatever a peer makes up is counted under one name. */
  received(type: string, bytes: number): void
  sent(type: string, bytes: number): void
  /** A copy. */
  view(): WireTraffic
}

const add = (sums: Map<string, number>, type: string, bytes: number): void => {
  sums.set(type, (sums.get(type) ?? 0) + bytes)
}

export function createTraffic(): Traffic {
  const received = new Map<string, number>()
  const sent = new Map<string, number>()
  return {
    received(type, bytes) {
      add(received, type, bytes)
    },
    sent(type, bytes) {
      add(sent, type, bytes)
    },
    view: () => ({ received: Object.fromEntries(received), sent: Object.fromEntries(sent) }),
  }
}
