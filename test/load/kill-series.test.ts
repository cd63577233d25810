import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { startChild } from '../../cli/demo/child.ts'
import type { DemoChild } from '../../cli/demo/child.ts'
import { createSupervisor } from '../../index.ts'
import { native } from '../../protocols/native.ts'
import { seededRandom } from '../../transport/random.ts'
import { tcp } from '../../transport/tcp.ts'
import { compileSources } from '../support/compile.ts'

/** With PEERLOOM_LOAD=full two hundred kills, else a few. */
const KILLS = process.env['PEERLOOM_LOAD'] === 'full' ? 200 : 6
const WAIT_MS = 60_000
/** Far above what a victim publishes: no rate is what is tested here. */
const PUBLICATIONS_MAX = 100_000

/** Looks on, in this process: each item that the victim sends, by its number. */
async function startWitness() {
  const supervisor = createSupervisor({
    name: 'witness',
    protocol: native({
      network: 'peerloom/demo',
      privateKey: new Uint8Array(32).fill(9),
      limits: { publicationsPerWindowMax: PUBLICATIONS_MAX },
    }),
    transport: tcp(),
    listen: ['127.0.0.1:0'],
  })
  const ids = new Map<string, string>()
  const conflicts: string[] = []
  supervisor.topic('demo/line').subscribe(({ id, number, origin }) => {
    const name = `${origin} ${String(number)}`
    if (ids.has(name)) conflicts.push(`${name}: ${String(ids.get(name))} and ${id}`)
    ids.set(name, id)
  })
  supervisor.events.subscribe((event) => {
    if (event.type === 'child.noted') conflicts.push(event.what)
  })
  await supervisor.start()
  onTestFinished(async () => {
    await supervisor.stop()
  })
  const id = native({ network: 'peerloom/demo', privateKey: new Uint8Array(32).fill(9) }).identity
  const address = `node://${String(id)}@127.0.0.1:${String(supervisor.listening[0]?.port)}`
  return { address, conflicts, ids }
}

const turns = async (count: number): Promise<void> => {
  for (let turn = 0; turn < count; turn++) await new Promise((resolve) => setImmediate(resolve))
}

test(
  `a node that is killed ${String(KILLS)} times under load starts again, keeps what it said is kept, and uses no number twice`,
  { timeout: 900_000 },
  async () => {
    const folder = mkdtempSync(join(tmpdir(), 'peerloom-kills-'))
    onTestFinished(() => {
      rmSync(folder, { recursive: true, force: true })
    })
    const program = join(compileSources(['cli/main.ts']), 'cli/main.js')
    const random = seededRandom('kill series')
    const witness = await startWitness()
    const acknowledged = new Set<number>()
    let lastLine = 0
    let port = 0

    const startVictim = async (): Promise<DemoChild> => {
      const child = startChild(program, 'victim', (told) => {
        if (told.type === 'published') acknowledged.add(told.number)
      })
      onTestFinished(() => {
        child.abandon()
      })
      const started = child.until('its start', WAIT_MS, (told) => {
        if (told.type === 'fault') throw new Error(told.sentence)
        return told.type === 'started' ? told : undefined
      })
      child.say({
        ...{ type: 'start', name: 'victim', folder, port },
        ...{ bootstrap: [witness.address], publicationsMax: PUBLICATIONS_MAX },
        inspected: false,
      })
      port = (await started).port
      return child
    }

    for (let kill = 1; kill <= KILLS; kill++) {
      const victim = await startVictim()
      const held = victim.until('what it holds', WAIT_MS, (told) =>
        told.type === 'holds' ? told.numbers : undefined,
      )
      victim.say({ type: 'list' })
      const numbers = new Set(await held)
      const lost = [...acknowledged].filter((number) => !numbers.has(number))
      expect([kill, lost]).toEqual([kill, []])

      // Some are acknowledged, some are under way, and then it is over at any moment.
      const before = acknowledged.size
      const some = random.below(10)
      for (let count = 0; count < some + 1 + random.below(10); count++) {
        lastLine++
        victim.say({ type: 'publish', line: [lastLine, `line ${String(lastLine)}`] })
      }
      if (some > 0) {
        await victim.until('some lines', WAIT_MS, () =>
          acknowledged.size >= before + some ? true : undefined,
        )
      }
      await turns(random.below(50))
      await victim.kill()
    }
    expect(acknowledged.size).toBeGreaterThan(KILLS)
    expect(witness.ids.size).toBeGreaterThan(0)
    expect(witness.conflicts).toEqual([])
    console.info(
      `${String(KILLS)} kills: ${String(lastLine)} lines given, ${String(acknowledged.size)} kept, ${String(witness.ids.size)} seen by the witness`,
    )
  },
)
