/**
 * What every transport must do: its streams and, where it has them, its datagrams.
 * @module
 */
import { datagramsContract } from './datagrams-contract.ts'
import type { DatagramsSubject } from './datagrams-contract.ts'
import { streamsContract } from './streams-contract.ts'
import type { StreamsSubject } from './streams-sides.ts'
import type { ContractCase } from './suite.ts'

export interface TransportSubject {
  readonly streams: StreamsSubject
  /** Left out where the transport has none. */
  readonly datagrams?: DatagramsSubject
}

export function transportContract({
  streams,
  datagrams,
}: TransportSubject): readonly ContractCase[] {
  return [
    ...streamsContract(streams),
    ...(datagrams === undefined ? [] : datagramsContract(datagrams)),
  ]
}
