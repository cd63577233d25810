/**
 * What Bitcoin's parts cost by themselves, in one process: messages over v2, its handshake, blocks, the
 * address book. What each is compared with does the part of it that nobody gets around.
 * @module
 */
import { createCipheriv, createDecipheriv } from 'node:crypto'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { transactionsOf } from '../codec/bitcoin/block.ts'
import { readMessage } from '../codec/bitcoin/message-codec.ts'
import type { BitcoinMessage } from '../codec/bitcoin/messages.ts'
import { BITCOIN_NETWORKS } from '../codec/bitcoin/networks.ts'
import { drawKeyPair, sharedXJob } from '../codec/bitcoin/v2/handshake-keys.ts'
import { piecesOf } from '../codec/bytes.ts'
import { bitcoinWire } from '../codec/bitcoin/wire.ts'
import { nativeWire } from '../codec/native/wire.ts'
import type { NativeMessage } from '../codec/native/messages.ts'
import type { ByteSink, Role, Wire } from '../codec/wire.ts'
import { bitcoin } from '../protocols/bitcoin.ts'
import { createAddressBook } from '../supervisor/address-book.ts'
import { chooseCrypto } from '../transport/crypto/choose.ts'
import { seededRandom } from '../transport/random.ts'
import type { CryptoBackend } from '../world/crypto.ts'
import { performJob } from '../world/jobs.ts'
import { rivalModule } from './contenders.ts'
import { median, now, spread } from './figures.ts'
import type { Row } from './figures.ts'

const { magic } = BITCOIN_NETWORKS.regtest
const random = seededRandom('bench')

interface Ends<Message> {
  /** Seals the messages in one write, and opens them; returns how many came. */
  carry(messages: readonly Message[]): number
}

/** What a wire writes, for another one to read. */
function holdBytes(): { readonly out: ByteSink; take(): readonly Uint8Array[] } {
  let held: Uint8Array[] = []
  return {
    out: (bytes) => held.push(...piecesOf(bytes)),
    take() {
      const taken = held
      held = []
      return taken
    },
  }
}

/** Reads all that came; answers jobs at once. */
function readAll<Message, Keys, Facts, Detail extends string>(
  wire: Wire<Message, Keys, Facts, Detail>,
  crypto: CryptoBackend,
): number {
  let count = 0
  for (let read = wire.read(); read.kind !== 'more'; read = wire.read()) {
    if (read.kind === 'job') wire.resume(performJob(crypto, read.job))
    if (read.kind === 'message') count++
  }
  wire.keep()
  return count
}

/** Two ends of the v2 transport that have agreed. */
function connectV2(crypto: CryptoBackend): Ends<BitcoinMessage> {
  const sides = { dialler: holdBytes(), listener: holdBytes() }
  const wireOf = (role: Role) =>
    bitcoinWire(
      { magic, speaks: 'v2' },
      { role, target: undefined, dial: undefined, random, crypto, out: sides[role].out },
    )
  const [dialler, listener] = [wireOf('dialler'), wireOf('listener')]
  dialler.start()
  // Key and garbage, then their end and the version packet, each way.
  for (let turn = 0; turn < 3; turn++) {
    for (const bytes of sides.dialler.take()) listener.push(bytes)
    readAll(listener, crypto)
    for (const bytes of sides.listener.take()) dialler.push(bytes)
    readAll(dialler, crypto)
  }
  return {
    carry(messages) {
      dialler.write(messages)
      for (const bytes of sides.dialler.take()) listener.push(bytes)
      return readAll(listener, crypto)
    },
  }
}

/** Two ends of the native network with keys that are made up. */
function connectNative(crypto: CryptoBackend): Ends<NativeMessage> {
  const held = holdBytes()
  const wireOf = (role: Role) =>
    nativeWire({ role, target: undefined, dial: undefined, random, crypto, out: held.out })
  const direction = (fill: number) => ({
    key: new Uint8Array(32).fill(fill),
    iv: new Uint8Array(12).fill(fill),
  })
  const [dialler, listener] = [wireOf('dialler'), wireOf('listener')]
  dialler.secure({ send: direction(1), receive: direction(2) })
  listener.secure({ send: direction(2), receive: direction(1) })
  return {
    carry(messages) {
      dialler.write(messages)
      for (const bytes of held.take()) listener.push(bytes)
      return readAll(listener, crypto)
    },
  }
}

/** Sealed and opened by the platform, one by one, and nothing else. */
function carryBare(payload: Uint8Array, count: number): number {
  const key = new Uint8Array(32)
  const nonce = new Uint8Array(12)
  const options = { authTagLength: 16 } as const
  let opened = 0
  for (let index = 0; index < count; index++) {
    const cipher = createCipheriv('chacha20-poly1305', key, nonce, options)
    const sealed = cipher.update(payload)
    cipher.final()
    const decipher = createDecipheriv('chacha20-poly1305', key, nonce, options)
    decipher.setAuthTag(cipher.getAuthTag())
    opened += decipher.update(sealed).length === payload.length ? 1 : 0
    decipher.final()
  }
  return opened
}

export interface BitcoinBenchOptions {
  readonly rounds: number
  /** Work of a round, against that of a whole run. */
  readonly share: number
}

const timeOf = (run: () => void): number => {
  const before = now()
  run()
  return now() - before
}

/** Each does its work once to warm up, then they take turns. */
function inTurns(rounds: number, works: readonly (() => void)[]): readonly (readonly number[])[] {
  for (const work of works) work()
  const times = works.map((): number[] => [])
  for (let round = 0; round < rounds; round++) {
    works.forEach((work, index) => times[index]?.push(timeOf(work)))
  }
  return times
}

const ratiosOf = (ours: readonly number[], theirs: readonly number[]): readonly number[] =>
  ours.map((time, round) => time / (theirs[round] ?? NaN))

const BATCH = 16

/** `rivals/btc-signer.ts` */
interface SignerModule {
  sharedSecrets(): () => void
}

function messagesOver(payloadBytes: number, count: number, rounds: number, name: string): Row {
  const crypto = chooseCrypto()
  const payload = random.bytes(payloadBytes)
  const ours = connectV2(crypto)
  const native = connectNative(crypto)
  const batchOf = <Message>(message: Message): readonly Message[] =>
    Array.from({ length: BATCH }, () => message)
  const v2Batch = batchOf({ type: 'unknown', command: 'bench', payload } as const)
  const nativeBatch = batchOf({ type: 'message', protocol: 'bench', payload } as const)
  const whole = (got: number): void => {
    if (got !== count) throw new Error(`${got} of ${count} messages came`)
  }
  const pour = (carry: () => number): void => {
    let got = 0
    for (let index = 0; index < count; index += BATCH) got += carry()
    whole(got)
  }
  const [v2Times = [], nativeTimes = [], bareTimes = []] = inTurns(rounds, [
    () => {
      pour(() => ours.carry(v2Batch))
    },
    () => {
      pour(() => native.carry(nativeBatch))
    },
    () => {
      whole(carryBare(payload, count))
    },
  ])
  const ratios = ratiosOf(v2Times, bareTimes)
  const each = median(v2Times) / count
  const ofNative = median(ratiosOf(v2Times, nativeTimes))
  const more =
    `${spread(ratios)}; ${each.toFixed(2)} us a message, ` +
    `${(payloadBytes / each).toFixed(0)} MB/s; ${ofNative.toFixed(2)} x the native network's records`
  return { row: name, value: median(ratios), unit: 'x the bare cipher', more }
}

async function handshakeWith(
  choice: 'noble' | undefined,
  count: number,
  rounds: number,
): Promise<Row> {
  const crypto = chooseCrypto(choice)
  const theirs = drawKeyPair(crypto, random).key
  const own = drawKeyPair(crypto, random)
  const rival = (await rivalModule<SignerModule>('btc-signer')).sharedSecrets()
  // One on each side.
  const secrets = 2 * count
  const [whole = [], bare = [], signer = []] = inTurns(rounds, [
    () => {
      for (let index = 0; index < count; index++) connectV2(crypto)
    },
    () => {
      for (let index = 0; index < secrets; index++) performJob(crypto, sharedXJob(own, theirs))
    },
    () => {
      for (let index = 0; index < secrets; index++) rival()
    },
  ])
  const ratios = ratiosOf(whole, bare)
  const rate = (1_000_000 * count) / median(whole)
  return {
    row: `bitcoin-v2-handshake-${choice ?? crypto.name}`,
    value: median(ratios),
    unit: 'x its two shared secrets',
    more:
      `${spread(ratios)}; ${rate.toFixed(0)} handshakes/s, both sides in one process; ` +
      `${median(ratiosOf(whole, signer)).toFixed(2)} x two shared secrets of @scure/btc-signer`,
  }
}

const VECTORS =
  process.env['PEERLOOM_VECTORS'] ?? join(import.meta.dirname, '../../../shared/vectors')
const BLOCKS = ['block898352.raw', 'block928828.raw', 'block1087400.raw', 'block482683.raw']

function blocks(times: number, rounds: number): readonly Row[] {
  const paths = BLOCKS.map((name) => join(VECTORS, 'bitcoin/bcoin', name)).filter(existsSync)
  if (paths.length === 0) return []
  const raws = paths.map((path) => Uint8Array.from(readFileSync(path)))
  const bytes = raws.reduce((sum, { length }) => sum + length, 0) * times
  let seen = 0
  const [decoded = [], copied = []] = inTurns(rounds, [
    () => {
      for (let index = 0; index < times; index++) {
        for (const raw of raws) {
          const message = readMessage('block', raw)
          if (message.type === 'block') seen += transactionsOf(message.block).length
        }
      }
    },
    () => {
      for (let index = 0; index < times; index++) {
        for (const raw of raws) seen += raw.slice().length > 0 ? 1 : 0
      }
    },
  ])
  if (seen === 0) throw new Error('nothing was read')
  const ratios = ratiosOf(decoded, copied)
  const more = `${spread(ratios, 1)}; ${(bytes / median(decoded)).toFixed(0)} MB/s, each transaction found and checked`
  return [{ row: 'bitcoin-blocks', value: median(ratios), unit: 'x a copy of the bytes', more }]
}

function addressBook(addresses: number, selections: number, rounds: number): Row {
  const { addresses: rules } = bitcoin()
  const { book } = rules
  if (book === undefined) throw new Error('the network keeps no book')
  const nowMs = 1_750_000_000_000
  const list = Array.from({ length: addresses }, (_, index) => {
    const host = [1 + (index % 200), (index >> 8) & 255, (index >> 16) & 255, index & 255].join('.')
    const parsed = rules.parse(`${host}:8333`)
    if ('wrong' in parsed) throw new Error(parsed.wrong)
    return parsed.address
  })
  const groups = list.map((address) => book.groupBytes(address))
  const chosen: number[] = []
  const adds: number[] = []
  const hashes: number[] = []
  for (let round = 0; round < rounds; round++) {
    const made = createAddressBook({ rules: { ...rules, ...book }, random })
    adds.push(
      timeOf(() => {
        list.forEach((address, index) => {
          const sourceGroup = groups[(index * 7) % groups.length] ?? new Uint8Array(1)
          const hearsay = { sourceGroup, isOwnSource: false, seenMs: nowMs, penaltyMs: 0 }
          made.add(address, { ...hearsay, marks: 9n, nowMs })
        })
      }),
    )
    // What places an address: three hashes.
    hashes.push(
      timeOf(() => {
        for (const address of list) {
          for (let count = 0; count < 3; count++) book.digest(book.keyBytes(address))
        }
      }),
    )
    chosen.push(
      timeOf(() => {
        for (let count = 0; count < selections; count++) made.select(nowMs)
      }) / selections,
    )
  }
  const ratios = ratiosOf(adds, hashes)
  const each = median(adds) / addresses
  const more = `${spread(ratios)}; ${each.toFixed(1)} us each of ${addresses}, ${median(chosen).toFixed(1)} us a selection of ${selections}`
  return { row: 'bitcoin-address-book', value: median(ratios), unit: 'x three hashes', more }
}

export async function bitcoinParts({
  rounds,
  share,
}: BitcoinBenchOptions): Promise<readonly Row[]> {
  const some = (count: number): number => Math.max(BATCH, Math.round(count * share))
  const batches = (count: number): number => Math.ceil(some(count) / BATCH) * BATCH
  return [
    messagesOver(256, batches(40_000), rounds, 'bitcoin-v2-256B'),
    messagesOver(65_536, batches(1_600), rounds, 'bitcoin-v2-64KiB'),
    await handshakeWith('noble', some(60), rounds),
    ...(chooseCrypto().name === 'noble' ? [] : [await handshakeWith(undefined, some(300), rounds)]),
    ...blocks(some(20), rounds),
    addressBook(some(100_000), some(10_000), Math.min(3, rounds)),
  ]
}
