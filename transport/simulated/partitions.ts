/**
 * Who cannot reach whom at present. Asked for each arrival, so it costs nothing while there is none;
 * what it holds up is kept here until the last partition in its way is over, and then tries again.
 * @module
 */

export interface Partition {
  /** Of the hosts that it was drawn among, by number; later ones are outside. */
  readonly isInside: Uint8Array
  /** Which way nothing passes. */
  readonly cuts: 'in' | 'out' | 'both'
}

export interface Partitions {
  begin(partition: Partition): void
  /** Ending what has ended changes nothing. */
  end(partition: Partition): void
  endAll(): void
  isCut(from: number, to: number): boolean
  /** Runs the function when a partition ends. */
  hold(run: () => void): void
}

const cuts = ({ isInside, cuts: way }: Partition, from: number, to: number): boolean => {
  const isFromInside = isInside[from] === 1
  if (isFromInside === (isInside[to] === 1)) return false
  return way === 'both' || isFromInside === (way === 'out')
}

export function createPartitions(): Partitions {
  const active: Partition[] = []
  let held: (() => void)[] = []

  const release = (): void => {
    const tries = held
    held = []
    for (const run of tries) run()
  }

  return {
    begin(partition) {
      active.push(partition)
    },
    end(partition) {
      const place = active.indexOf(partition)
      if (place < 0) return
      active.splice(place, 1)
      release()
    },
    endAll() {
      active.length = 0
      release()
    },
    isCut(from, to) {
      for (const partition of active) if (cuts(partition, from, to)) return true
      return false
    },
    hold(run) {
      held.push(run)
    },
  }
}
