/**
 * Numbers that cannot be are refused where a network starts, by their place in the struct: later they
 * would be deliveries that never come.
 * @module
 */
import type { NetworkFaults, Range } from './faults.ts'

const WITH_CHANCE = [
  'segmentLoss',
  'chunkCut',
  'refusedDial',
  'silentDial',
  'overloadedAccept',
  'datagramLoss',
  'datagramDuplicate',
  'datagramReorder',
  'datagramTruncate',
] as const
const WITH_RATE = ['reset', 'halfOpen', 'slowReader', 'partition', 'crash'] as const

/** @throws {RangeError} a number that cannot be; the text says which */
export function checkFaults(faults: NetworkFaults): void {
  const check = (path: string, value: number, isFine: boolean): void => {
    if (!isFine) throw new RangeError(`the faults of a network: ${path} cannot be ${value}`)
  }
  const amount = (path: string, value: number): void =>
    check(path, value, Number.isFinite(value) && value >= 0)
  const chance = (path: string, value: number): void => check(path, value, value >= 0 && value <= 1)
  const range = (path: string, { min, max }: Range): void => {
    amount(`${path}.min`, min)
    check(`${path}.max`, max, Number.isFinite(max) && max >= min)
  }
  const rate = (path: string, value: number): void => check(path, value, value > 0)

  for (const name of WITH_CHANCE) chance(`${name}.chance`, faults[name].chance)
  for (const name of WITH_RATE) amount(`${name}.perMinute`, faults[name].perMinute)
  range('latencyMs', faults.latencyMs)
  amount('latencyMs.tailMean', faults.latencyMs.tailMean)
  rate('bytesPerSecond', faults.bytesPerSecond)
  amount('segmentLoss.retransmitMs', faults.segmentLoss.retransmitMs)
  const { bytesMax } = faults.chunkCut
  check('chunkCut.bytesMax', bytesMax, Number.isSafeInteger(bytesMax) && bytesMax >= 1)
  amount('halfOpen.giveUpMs', faults.halfOpen.giveUpMs)
  rate('slowReader.bytesPerSecond', faults.slowReader.bytesPerSecond)
  range('slowReader.ms', faults.slowReader.ms)
  range('partition.ms', faults.partition.ms)
  chance('partition.oneWayChance', faults.partition.oneWayChance)
  amount('datagramReorder.delayMsMax', faults.datagramReorder.delayMsMax)
  range('crash.downMs', faults.crash.downMs)
  amount('clockSkewMsMax', faults.clockSkewMsMax)
}
