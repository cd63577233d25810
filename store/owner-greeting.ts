/**
 * The first words on an owner's socket: whether who listens there owns the folder, is still
 * contending for it, or is dead.
 * @module
 */
import { connect } from 'node:net'
import type { Socket } from 'node:net'

export const OWNER_GREETING = 'owner\n'

export type OwnerAnswer =
  /** The greeting came; the socket stands behind it. */
  | { readonly answer: 'owner'; readonly socket: Socket }
  /** Somebody listens, but did not greet in time. */
  | { readonly answer: 'silent'; readonly socket?: undefined }
  /** Somebody listened and closed without a greeting. */
  | { readonly answer: 'left'; readonly socket?: undefined }
  | { readonly answer: 'dead'; readonly socket?: undefined }
  | { readonly answer: 'forbidden'; readonly socket?: undefined }

/** @param answerMs how long to wait for the greeting once connected; 0: not at all. */
export function askOwner(path: string, answerMs: number): Promise<OwnerAnswer> {
  return new Promise((resolve) => {
    let heard = Buffer.alloc(0)
    let isConnected = false
    let deadline: NodeJS.Timeout | undefined
    const socket = connect({ path })

    function settle(result: OwnerAnswer): void {
      clearTimeout(deadline)
      socket.off('connect', onConnect).off('readable', onReadable).off('close', onClose)
      // A connection that breaks later is its holder's to notice by `close`.
      socket.off('error', onError).on('error', () => {})
      if (result.socket === undefined) socket.destroy()
      resolve(result)
    }

    function onConnect(): void {
      isConnected = true
      if (answerMs === 0) settle({ answer: 'silent' })
      else deadline = setTimeout(settle, answerMs, { answer: 'silent' })
    }

    /** Not by `data`: the socket must neither flow nor stand paused when it is handed on. */
    function onReadable(): void {
      const chunk = socket.read() as Buffer | null
      if (chunk === null) return
      heard = Buffer.concat([heard, chunk])
      if (heard.length < OWNER_GREETING.length) return
      const greeting = heard.subarray(0, OWNER_GREETING.length).toString('latin1')
      if (greeting !== OWNER_GREETING) {
        settle({ answer: 'silent' })
        return
      }
      const rest = heard.subarray(OWNER_GREETING.length)
      if (rest.length > 0) socket.unshift(rest)
      settle({ answer: 'owner', socket })
    }

    function onError(error: NodeJS.ErrnoException): void {
      settle({ answer: isConnected ? 'left' : refusal(error.code) })
    }

    function onClose(): void {
      settle({ answer: 'left' })
    }

    socket
      .on('connect', onConnect)
      .on('readable', onReadable)
      .on('error', onError)
      .on('close', onClose)
  })
}

/** Only what proves that nobody listens counts as dead; a full backlog, for one, does not. */
function refusal(code: string | undefined): 'dead' | 'forbidden' | 'left' | 'silent' {
  if (code === 'ECONNREFUSED' || code === 'ENOENT') return 'dead'
  // It closed while we stood in its backlog: it was there, and is looked at again.
  if (code === 'ECONNRESET') return 'left'
  if (code === 'EACCES' || code === 'EPERM') return 'forbidden'
  return 'silent'
}
