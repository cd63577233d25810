/**
 * A process that starts one node and says when it had imported it, and when it listened.
 * @module
 */
import type { Starter, StartTimes } from './start-up.ts'

/** Compiled, the rivals are not beside this file. */
const RIVAL = new URL('../../bench/dist/rivals/libp2p-node.js', import.meta.url).href

type StartRival = (listen: readonly string[], services: object) => Promise<unknown>

const STARTERS: Readonly<Record<Starter, () => Promise<number>>> = {
  nothing: () => Promise.resolve(performance.now()),
  async peerloom() {
    const { createSupervisor } = await import('../index.ts')
    const { native } = await import('../protocols/native.ts')
    const { tcp } = await import('../transport/tcp.ts')
    const importedMs = performance.now()
    const protocol = native({ network: 'peerloom/bench', privateKey: new Uint8Array(32).fill(1) })
    await createSupervisor({ protocol, transport: tcp(), listen: ['127.0.0.1:0'] }).start()
    return importedMs
  },
  async libp2p() {
    const { startNode } = (await import(RIVAL)) as { readonly startNode: StartRival }
    const importedMs = performance.now()
    await startNode(['/ip4/127.0.0.1/tcp/0'], {})
    return importedMs
  },
}

const isStarter = (name: string | undefined): name is Starter =>
  name !== undefined && Object.hasOwn(STARTERS, name)

const [, , who] = process.argv
if (!isStarter(who)) throw new Error(`nobody is called ${String(who)}`)
process.on('disconnect', () => process.exit())
const importedMs = await STARTERS[who]()
const times: StartTimes = { importedMs, listeningMs: performance.now() }
process.send?.(times)
