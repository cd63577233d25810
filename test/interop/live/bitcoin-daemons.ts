/**
 * Bitcoin Core and btcd on regtest, alone: they dial nobody by themselves and look for nobody. Which programs they
 * are say `BITCOIND` and `BTCD`.
 * @module
 */
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { LOOPBACK, startDaemon } from './daemon.ts'
import type { Daemon } from './daemon.ts'

export const BITCOIND = process.env['BITCOIND']
export const BTCD = process.env['BTCD']

export interface StartOptions {
  readonly v2?: boolean
  /** Whom it dials from its start. */
  readonly connect?: string
  readonly more?: readonly string[]
}

export function startCore({ connect, more = [], v2 = true }: StartOptions = {}): Promise<Daemon> {
  return startDaemon({
    program: BITCOIND ?? '',
    readyCall: 'getnetworkinfo',
    arguments: ({ folder, port, rpcPort }) => [
      ...['-regtest', `-datadir=${folder}`, '-listen=1', `-bind=${LOOPBACK}:${String(port)}`],
      ...[`-v2transport=${v2 ? '1' : '0'}`, `-connect=${connect ?? '0'}`],
      ...['-dnsseed=0', '-fixedseeds=0', '-discover=0', '-listenonion=0', '-natpmp=0'],
      ...['-server=1', `-rpcbind=${LOOPBACK}`, `-rpcallowip=${LOOPBACK}`],
      ...[`-rpcport=${String(rpcPort)}`, '-printtoconsole=0', '-dbcache=4', '-par=1'],
      ...more,
    ],
    credentials({ folder }) {
      const cookie = join(folder, 'regtest/.cookie')
      const text = existsSync(cookie) ? readFileSync(cookie, 'utf8').trim() : ''
      return text.includes(':') ? text : undefined
    },
  })
}

/** Reachable on this machine alone. */
const BTCD_USER = 'peer'
const BTCD_PASSWORD = 'loopback'

export function startBtcd({ connect, more = [], v2 = true }: StartOptions = {}): Promise<Daemon> {
  return startDaemon({
    program: BTCD ?? '',
    readyCall: 'getinfo',
    arguments: ({ folder, port, rpcPort }) => [
      ...['--regtest', `--datadir=${folder}/data`, `--logdir=${folder}/logs`],
      ...[`--configfile=${folder}/btcd.conf`, `--rpccert=${folder}/rpc.cert`],
      ...[`--rpckey=${folder}/rpc.key`, `--listen=${LOOPBACK}:${String(port)}`],
      ...(v2 ? ['--v2transport'] : []),
      // With somebody to connect to it dials nobody else; port 9 of loopback takes nobody.
      ...['--nodnsseed', '--notls', `--connect=${connect ?? `${LOOPBACK}:9`}`],
      ...[`--rpclisten=${LOOPBACK}:${String(rpcPort)}`, `--rpcuser=${BTCD_USER}`],
      ...[`--rpcpass=${BTCD_PASSWORD}`, ...more],
    ],
    credentials: () => `${BTCD_USER}:${BTCD_PASSWORD}`,
  })
}
