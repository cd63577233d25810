/**
 * What a process has written to sockets, whoever opened them: Node tells of each socket as it comes, on
 * both sides, so that all contenders are counted in one way and none has to be asked.
 * @module
 */
import { subscribe } from 'node:diagnostics_channel'
import { Socket } from 'node:net'

const CHANNELS = ['net.client.socket', 'net.server.socket'] as const

/** To be called before the first socket is opened. Returns how many bytes have been written so far. */
export function watchSocketBytes(): () => number {
  const sockets: Socket[] = []
  const note = (told: unknown): void => {
    if (typeof told !== 'object' || told === null || !('socket' in told)) return
    if (told.socket instanceof Socket) sockets.push(told.socket)
  }
  for (const channel of CHANNELS) subscribe(channel, note)
  return () => sockets.reduce((sum, { bytesWritten }) => sum + bytesWritten, 0)
}
