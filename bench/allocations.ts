/**
 * Counts what a piece of work allocates, whether it was collected since or not: V8's sampling heap
 * profiler, with collected objects kept in the count.
 * @module
 */
import { Session } from 'node:inspector/promises'

/** A sample for each so many bytes, on average: the error is a few samples of hundreds. */
const SAMPLING_BYTES = 1_024

interface ProfileNode {
  readonly selfSize: number
  readonly children: readonly ProfileNode[]
}

const sizeOf = ({ children, selfSize }: ProfileNode): number =>
  children.reduce((sum, child) => sum + sizeOf(child), selfSize)

/** Bytes of V8's heap that the work allocated; what stands outside of it (array buffers) is not in it. */
export async function allocatedBytes(work: () => Promise<void> | void): Promise<number> {
  const session = new Session()
  session.connect()
  try {
    await session.post('HeapProfiler.startSampling', {
      samplingInterval: SAMPLING_BYTES,
      includeObjectsCollectedByMajorGC: true,
      includeObjectsCollectedByMinorGC: true,
    } as { samplingInterval: number })
    await work()
    const { profile } = await session.post('HeapProfiler.stopSampling')
    return sizeOf(profile.head)
  } finally {
    session.disconnect()
  }
}

/**
 * What the profiler says of so many arrays of ten numbers, in bytes each: 16 of the array and 96 of
 * its elements with pointers of eight bytes. How far it may be trusted is how near it comes.
 */
export async function calibration(count: number): Promise<number> {
  const kept: number[][] = []
  kept.length = 8
  const bytes = await allocatedBytes(() => {
    for (let made = 0; made < count; made++) {
      kept[made % 8] = [made, 1, 2, 3, 4, 5, 6, 7, 8, 9]
    }
  })
  return bytes / count
}
