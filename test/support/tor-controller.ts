/**
 * A control port that answers as a test says, on loopback TCP, and timers that ring when the test says
 * so.
 */
import { createHmac } from 'node:crypto'
import { createServer } from 'node:net'
import type { AddressInfo, Socket } from 'node:net'
import { onTestFinished } from 'vitest'
import type { After } from '../../transport/later.ts'
import type { SocketAddress } from '../../world/streams.ts'

export const SERVICE_ID = 'a'.repeat(56)
export const KEY = 'ED25519-V3:AAAA'
export const COOKIE = Uint8Array.from({ length: 32 }, (_, index) => index)
const SERVER_NONCE = Buffer.alloc(32, 7)

/** The reply to a command, by its first word; undefined: it is not answered. */
export type Script = (command: string) => string | undefined

export const hashOf = (direction: string, cookie: Uint8Array, clientNonce: string): string =>
  createHmac('sha256', `Tor safe cookie authentication ${direction} hash`)
    .update(cookie)
    .update(Buffer.from(clientNonce, 'hex'))
    .update(SERVER_NONCE)
    .digest('hex')

const informationOf = (auth: string): string =>
  `250-PROTOCOLINFO 1\r\n250-AUTH ${auth}\r\n250-VERSION Tor="0.4.8.9"\r\n250 OK\r\n`

/** A Tor with this line of methods, which takes what is right and sets up what it is asked for. */
export function torOf(auth = 'METHODS=NULL', cookie = COOKIE): Script {
  let nonce = ''
  return (command) => {
    const [verb, ...words] = command.split(' ')
    switch (verb) {
      case 'PROTOCOLINFO':
        return informationOf(auth)
      case 'AUTHCHALLENGE': {
        nonce = words[1] ?? ''
        const hash = hashOf('server-to-controller', cookie, nonce)
        const serverNonce = SERVER_NONCE.toString('hex').toUpperCase()
        return `250 AUTHCHALLENGE SERVERHASH=${hash.toUpperCase()} SERVERNONCE=${serverNonce}\r\n`
      }
      case 'AUTHENTICATE': {
        if (nonce === '') return '250 OK\r\n'
        const isRight = words[0] === hashOf('controller-to-server', cookie, nonce)
        return isRight ? '250 OK\r\n' : '515 Authentication failed\r\n'
      }
      case 'GETINFO':
        return '250-net/listeners/socks="unix:/run/tor/socks" "127.0.0.1:9150"\r\n250 OK\r\n'
      case 'ADD_ONION': {
        const key = words[0] === 'NEW:ED25519-V3' ? `250-PrivateKey=${KEY}\r\n` : ''
        return `250-ServiceID=${SERVICE_ID}\r\n${key}250 OK\r\n`
      }
      default:
        return '510 Unrecognized command\r\n'
    }
  }
}

export interface Controller {
  readonly address: SocketAddress
  /** All that it was told, in the order of coming. */
  readonly commands: readonly string[]
  script: Script
  /** How many bytes of an answer leave at once. */
  pieceBytes: number
  readonly connectionCount: () => number
  readonly openCount: () => number
  say(text: string): void
  /** Its connections end. */
  hangUp(): void
}

export async function startController(script: Script = torOf()): Promise<Controller> {
  const commands: string[] = []
  const open = new Set<Socket>()
  let connectionCount = 0

  const speak = async (socket: Socket, text: string): Promise<void> => {
    const bytes = Buffer.from(text)
    for (let from = 0; from < bytes.length; from += controller.pieceBytes) {
      const piece = bytes.subarray(from, from + controller.pieceBytes)
      await new Promise<void>((resolve) => {
        socket.write(piece, () => setImmediate(resolve))
      })
    }
  }

  const server = createServer({ noDelay: true }, (socket) => {
    connectionCount++
    open.add(socket)
    let unread = ''
    socket.on('close', () => open.delete(socket)).on('error', () => undefined)
    socket.setEncoding('utf8').on('data', (text: string) => {
      const lines = (unread + text).split('\r\n')
      unread = lines.pop() ?? ''
      for (const line of lines) {
        commands.push(line)
        const answer = controller.script(line)
        if (answer !== undefined) void speak(socket, answer)
      }
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => {
    for (const socket of open) socket.destroy()
    server.close()
  })
  const { address, port } = server.address() as AddressInfo
  const controller: Controller = {
    address: { host: address, port },
    commands,
    script,
    pieceBytes: 1_000_000,
    connectionCount: () => connectionCount,
    openCount: () => open.size,
    say(text) {
      for (const socket of open) void speak(socket, text)
    },
    hangUp() {
      for (const socket of open) socket.end()
    },
  }
  return controller
}

/** Waits that a test lets come to their end. */
export function manualAfter() {
  const waits = new Map<object, { readonly afterMs: number; readonly run: () => void }>()
  const after: After = (afterMs, run) => {
    const wait = {}
    waits.set(wait, { afterMs, run })
    return () => {
      waits.delete(wait)
    }
  }
  return {
    after,
    /** How long each of them is. */
    waits: () => [...waits.values()].map(({ afterMs }) => afterMs),
    /** All that there are now. */
    ring() {
      for (const [wait, { run }] of [...waits]) if (waits.delete(wait)) run()
    },
  }
}
