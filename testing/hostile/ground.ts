/**
 * Where hostile and honest peers come from, and how time goes on there: a virtual world that is moved,
 * or the machine's own network. What attacks do is written against this alone.
 * @module
 */
import type { StreamId } from '../../world/streams.ts'
import type { World } from '../../world/world.ts'

/** One process of a peer. Whoever asked for it ends it. */
export interface HostileProcess {
  readonly world: World
  /** Breaks a stream: the far side sees a reset, not an end. */
  reset(stream: StreamId): void
  /** Its sockets are closed; nothing enters it any more. Once is enough, and more do nothing. */
  end(): void
}

export interface HostileGround {
  /**
   * Whether each process has a host of its own. Where all of them come from one, a ban of the attacker
   * is a ban of the honest peers as well, and nothing can be said of these.
   */
  readonly hasHosts: boolean
  /** An honest one leaves as it should; a hostile one resets what it still has open. */
  process(manner: 'honest' | 'hostile'): HostileProcess
  nowMs(): number
  /** Lets time go on until it is so. False: `withinMs` were over first. */
  until(isSo: () => boolean, withinMs: number): Promise<boolean>
}

export interface OwnedGround {
  readonly ground: HostileGround
  /** Ends whatever process is left. */
  endAll(): void
}

/** A ground whose processes end with whatever they were for, also where that throws. */
export function ownedGround(ground: HostileGround): OwnedGround {
  const processes: HostileProcess[] = []
  return {
    ground: {
      ...ground,
      process(manner) {
        const process = ground.process(manner)
        processes.push(process)
        return process
      },
    },
    endAll() {
      for (const process of processes.splice(0)) process.end()
    },
  }
}
