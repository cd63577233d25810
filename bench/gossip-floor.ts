/**
 * What no node gets below in the work of `gossip-work.ts`, on this platform and with this flood: each
 * publication is signed once and verified by nineteen nodes, and its records are sealed, written to a
 * socket, read and opened. There are no messages in them, no duplicates to know, no hashes, no subscribers.
 * @module
 */
import { once } from 'node:events'
import { connect, createServer } from 'node:net'
import type { AddressInfo, Socket } from 'node:net'
import { concatBytes } from '../codec/bytes.ts'
import { chooseCrypto } from '../transport/crypto/choose.ts'
import type { Contender } from './contender.ts'
import { now } from './figures.ts'
import { GOSSIP_NODES, GOSSIP_OFFSETS } from './gossip-work.ts'

/** Counted of Peerloom under this load: records of a publication, and bytes of one of them. */
const RECORDS = 27
const RECORD_BYTES = 1_350
const TAG_BYTES = 16
/** What is signed of a broadcast. */
const SIGNED_BYTES = 180
/** Both directions of each neighbourhood. */
const LINKS = GOSSIP_NODES * GOSSIP_OFFSETS.length * 2

async function openLinks(): Promise<readonly { readonly near: Socket; readonly far: Socket }[]> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  const links = []
  for (let count = 0; count < LINKS; count++) {
    const accepted = once(server, 'connection') as Promise<[Socket]>
    const near = connect({ host: '127.0.0.1', port, noDelay: true })
    const [[far]] = await Promise.all([accepted, once(near, 'connect')])
    links.push({ near, far })
  }
  return links
}

export const gossipFloor: Contender = {
  async gossip(tell) {
    const crypto = chooseCrypto()
    const privateKey = new Uint8Array(32).fill(1)
    const publicKey = crypto.publicKeyOf(privateKey)
    const message = new Uint8Array(SIGNED_BYTES)
    const aead = crypto.aes256Gcm(new Uint8Array(32))
    const [nonce, none] = [new Uint8Array(12), new Uint8Array(0)]
    const plaintext = new Uint8Array(RECORD_BYTES - TAG_BYTES)
    const links = await openLinks()
    let waitingBytes = 0
    let finish: () => void = () => undefined

    for (const { far } of links) {
      let rest: Uint8Array = none
      far.on('data', (chunk: Uint8Array) => {
        let bytes = rest.length === 0 ? chunk : concatBytes(rest, chunk)
        for (; bytes.length >= RECORD_BYTES; bytes = bytes.subarray(RECORD_BYTES)) {
          if (aead.open(nonce, none, bytes.subarray(0, RECORD_BYTES)) === undefined) {
            throw new Error('a record does not open')
          }
        }
        rest = bytes
        waitingBytes -= chunk.length
        if (waitingBytes === 0) finish()
      })
    }

    /** As many publications as are on their way at any time. */
    const round = async (): Promise<void> => {
      const finished = new Promise<void>((resolve) => (finish = resolve))
      waitingBytes = GOSSIP_NODES * RECORDS * RECORD_BYTES
      for (let record = 0; record < GOSSIP_NODES * RECORDS; record++) {
        links[record % LINKS]?.near.write(aead.seal(nonce, none, plaintext))
      }
      for (let publication = 0; publication < GOSSIP_NODES; publication++) {
        const signature = crypto.sign(message, privateKey)
        for (let node = 1; node < GOSSIP_NODES; node++) {
          if (!crypto.verify(message, signature, publicKey)) throw new Error('it is not verified')
        }
      }
      await finished
    }

    tell({ type: 'ready', at: '' })
    return {
      async order(count) {
        const before = now()
        for (let done = 0; done < count; done += GOSSIP_NODES) await round()
        const micros = now() - before
        const latencyMedianMicros = (micros * GOSSIP_NODES) / count
        tell({ type: 'done', micros, latencyMedianMicros, writtenBytes: 0 })
      },
    }
  },
}
