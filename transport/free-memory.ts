/**
 * Memory that nobody will look at again, given back at once.
 *
 * Ciphers give new memory for each record, outside of the engine's heap, and the engine marks its whole heap to
 * find what of that is garbage: with the heap of a small node every 16 MiB, which took a third of the processor
 * time of whoever sends 64 KiB messages. What is given back needs no collector, and the next record is
 * written into the same pages.
 * @module
 */
import { MessageChannel } from 'node:worker_threads'

/** Giving memory back takes up to 1.2 us; below this the collector is no dearer. */
const FREED_BYTES_MIN = 16 * 1_024

/** ECMAScript 2024; Node has it from version 21 on. */
interface Transferable extends ArrayBuffer {
  transfer?(newLength: number): unknown
}

/** Whether these bytes are worth it, and the whole of their memory. */
export const isFreeable = ({ buffer, length }: Uint8Array): boolean =>
  length >= FREED_BYTES_MIN && length === buffer.byteLength && buffer instanceof ArrayBuffer

/** What is posted takes its memory along, and at a port that is closed it goes nowhere (HTML, "post message steps"). */
function freeThroughPort(): (buffer: ArrayBuffer) => void {
  const { port1 } = new MessageChannel()
  port1.close()
  return (buffer) => {
    port1.postMessage(undefined, [buffer])
  }
}

let freeBuffer: ((buffer: ArrayBuffer) => void) | undefined

/**
 * `bytes`, and every other view of their memory, are empty afterwards. What is not freeable stays as it is, and
 * so does what may not be taken away: memory of WebAssembly, and what its owner marked (`markAsUntransferable`).
 */
export function freeMemory(bytes: Uint8Array): void {
  const { buffer } = bytes
  if (!isFreeable(bytes) || !(buffer instanceof ArrayBuffer)) return
  const transferable: Transferable = buffer
  try {
    if (transferable.transfer !== undefined) transferable.transfer(0)
    else (freeBuffer ??= freeThroughPort())(buffer)
  } catch {
    // No property tells beforehand. It is the collector's, and no reason to end the process.
  }
}
