/**
 * What every network must do, on whatever transport: a whole exchange cut and ended anywhere, two
 * dials at once, every deadline, every detail, days on which anything may happen, and a fault
 * thrown wherever one can be. Each run is
 * made again from its recorded inputs and has to be the same.
 * @module
 */
import type { ProtocolTypes } from '../machines/session.ts'
import { dayCase } from './protocol/days.ts'
import { deadlineCases } from './protocol/deadlines.ts'
import { detailCases } from './protocol/details.ts'
import { dialCase } from './protocol/dials.ts'
import { faultCase } from './protocol/faults.ts'
import { splitCases } from './protocol/splits.ts'
import { withoutStrays } from './protocol/strays.ts'
import type { ProtocolSubject } from './protocol/subject.ts'
import { waitCases } from './protocol/waits.ts'
import type { ContractCase } from './suite.ts'

export interface ProtocolContractOptions {
  /**
   * How many orders of two crossing dials are tried at most; the figure says where there are more.
   * Default: 1,000, some seconds of a slow machine.
   */
  readonly dialRunsMax?: number
  /** How many days on which anything may happen. Default: 10; a search for faults takes hundreds. */
  readonly days?: number
}

export const protocolContract = <T extends ProtocolTypes>(
  subject: ProtocolSubject<T>,
  { dialRunsMax = 1_000, days = 10 }: ProtocolContractOptions = {},
): readonly ContractCase[] =>
  [
    ...waitCases(subject),
    ...splitCases(subject),
    ...deadlineCases(subject),
    ...detailCases(subject),
    dialCase(subject, dialRunsMax),
    dayCase(subject, days),
    faultCase(subject),
  ].map(withoutStrays)
