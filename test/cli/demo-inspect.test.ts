import { onTestFinished, expect, test } from 'vitest'
import { WebSocket } from 'ws'
import type { Answer, InspectorMessage, NodeRow, Query } from '../../inspector/messages.ts'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { startCommand, startFolder } from './command.ts'
import { askJournals } from './journals.ts'

function openPage(url: string, queries: readonly Query[]) {
  const { hash, port } = new URL(url)
  const protocols = ['peerloom', `token.${hash.replace('#token=', '')}`]
  const socket = new WebSocket(`ws://127.0.0.1:${port}/live`, protocols)
  onTestFinished(() => {
    socket.terminate()
  })
  const answers: Answer[] = []
  socket.on('open', () => {
    queries.forEach((query, id) => {
      socket.send(JSON.stringify({ kind: 'ask', id, query }))
    })
  })
  socket.on('message', (data) => {
    const message = JSON.parse((data as Buffer).toString()) as InspectorMessage
    if (message.kind === 'answer') answers.push(message.answer)
  })
  const nodesSeen = (): readonly (readonly NodeRow[])[] =>
    answers.flatMap((answer) => (answer.view === 'nodes' ? [answer.nodes] : []))
  return { answers, nodesSeen }
}

test(
  'the demo on one page: six nodes, one that is killed and back',
  { timeout: 180_000 },
  async () => {
    const folder = startFolder()
    const file = join(folder, 'lines.txt')
    writeFileSync(
      file,
      Array.from({ length: 60 }, (_, index) => `line ${String(index)}`).join('\n'),
    )
    const demo = startCommand(['demo', '--json', '--inspect', '--input', file, '--seed', 'test'])
    const { url } = await demo.event('inspector')
    const { answers, nodesSeen } = openPage(String(url), [
      { view: 'nodes' },
      { view: 'table', sort: 'name', descending: false, filter: '', offset: 0, limit: 100 },
      { view: 'network' },
    ])
    const until = (what: () => boolean) => expect.poll(what, { timeout: 150_000 }).toBe(true)
    // The last of them joins shortly before the first is stopped: together they are seen for a moment.
    const seenUp = () =>
      new Set(
        nodesSeen().flatMap((nodes) =>
          nodes.flatMap(({ is, node }) => (is === 'up' ? [node] : [])),
        ),
      )
    await until(() => seenUp().size === 6)
    const connected = () =>
      new Set(
        answers.flatMap((one) =>
          one.view === 'table'
            ? one.rows.flatMap(({ node, state }) => (state === 'active' ? [node] : []))
            : [],
        ),
      )
    await until(() => connected().size === 6)
    const killed = await killedOf(demo)
    await until(() =>
      nodesSeen().some((nodes) => nodes.some(({ is, node }) => node === killed && is === 'gone')),
    )
    await until(() =>
      (nodesSeen().at(-1) ?? []).some(
        ({ incarnation, is, node }) => node === killed && is === 'up' && incarnation === 2,
      ),
    )
    await until(() => demo.events().some(({ event }) => event === 'waiting'))
    const network = answers.findLast((one) => one.view === 'network')
    expect(network?.nodes.filter(({ is }) => is === 'ours').length).toBe(5)
    expect(network?.edges.length).toBeGreaterThanOrEqual(8)

    // What another process keeps of its connection is opened here, and stepped through.
    const table = answers.findLast((one) => one.view === 'table')
    const row = table?.rows.find(({ state }) => state === 'active')
    const journal = askJournals(String(url))
    const { opened } = await journal({
      ...{ open: 'flight', node: row?.node, connection: row?.connection },
    })
    expect(opened).toMatchObject({ of: 'flight', name: row?.connection, protocol: 'native' })
    const { at } = await journal({ step: (opened?.steps ?? 0) - 1, journal: opened?.journal })
    const charts = new Map(at?.charts.map(({ chart, state }) => [chart, state]))
    expect([charts.get('connection'), charts.get('native')]).toEqual(['active', 'active'])
    expect(Math.abs((at?.atMs ?? 0) - Date.now())).toBeLessThan(600_000)
    expect(await journal({ open: 'flight', node: killed, connection: 'none' })).toMatchObject({
      refused: { why: 'unknown-connection' },
    })
    // One that hangs, and one that somebody else killed.
    const [victim] = (nodesSeen().at(-1) ?? []).filter(({ is }) => is === 'up')
    if (victim === undefined) throw new Error('nobody is up')
    const isNow = (wanted: NodeRow['is']) => () =>
      (nodesSeen().at(-1) ?? []).some(({ is, node }) => node === victim.node && is === wanted)
    process.kill(victim.pid, 'SIGSTOP')
    await until(isNow('silent'))
    process.kill(victim.pid, 'SIGCONT')
    await until(isNow('up'))
    process.kill(victim.pid, 'SIGKILL')
    await until(isNow('gone'))
    expect(await demo.event('lost')).toMatchObject({ node: victim.node, pid: victim.pid })
    const { code } = await demo.stop()
    expect(code).toBe(0)
    expect(demo.events().at(-1)).toMatchObject({ event: 'done', missing: 0, recovered: true })
  },
)

const killedOf = async (demo: ReturnType<typeof startCommand>): Promise<string> =>
  String((await waitFor(demo, 'killed'))['node'])

/** Longer than a usual event takes. */
async function waitFor(demo: ReturnType<typeof startCommand>, name: string) {
  for (;;) {
    try {
      return await demo.event(name)
    } catch (error) {
      if (!(error instanceof Error) || !error.message.startsWith('waited')) throw error
    }
  }
}
