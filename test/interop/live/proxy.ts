/**
 * A SOCKS5 proxy of somebody else's as a process of a test's own: one that takes `-i` and `-p`, as microsocks does.
 * @module
 */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { connect } from 'node:net'
import { freePorts, LOOPBACK } from './daemon.ts'
import { eventually } from './eventually.ts'

const isListening = (port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const socket = connect({ host: LOOPBACK, port })
    socket.once('connect', () => {
      socket.destroy()
      resolve(true)
    })
    socket.once('error', () => {
      resolve(false)
    })
  })

export async function startProxy(program: string) {
  const [port = 0] = await freePorts(1)
  const child = spawn(program, ['-i', LOOPBACK, '-p', String(port)], { stdio: 'ignore' })
  const kill = (): void => {
    child.kill('SIGKILL')
  }
  process.once('exit', kill)
  await eventually(() => isListening(port), `${program} to listen`)
  return {
    host: LOOPBACK,
    port,
    async [Symbol.asyncDispose]() {
      process.off('exit', kill)
      const over = child.exitCode === null ? once(child, 'exit') : undefined
      kill()
      await over
    },
  }
}
