import { describe, expect, onTestFinished, test, vi } from 'vitest'
import type { ConnectionDescription } from '../../../actors/protocol-tools.ts'
import type { Terminal } from '../../../cli/node/screen.ts'
import { startScreen } from '../../../cli/node/screen.ts'
import type { ConnectionInfo } from '../../../index.ts'

const HIDE = '\u001B[?25l'
const SHOW = '\u001B[?25h'

const connectionTo = (number: number): ConnectionInfo => ({
  name: `node/in-${String(number)}`,
  address: `10.0.0.1:${String(number)}`,
  role: 'listener',
  slot: 'inbound',
  phase: 'active',
  identity: undefined,
  facts: undefined,
  startedMs: 0,
  readyMs: 0,
  traffic: undefined,
  about: {},
  counters: {
    ...{ receivedBytes: 1_500, sentBytes: 0, receivedMessages: 2, handledMessages: 2 },
    ...{ sentMessages: 0, unsentMessages: 0, dropped: {} },
  },
  unsentBytes: 0,
})

/** A screen on a terminal of so many columns and rows, under a clock that stands. */
function startTerminal({
  columns = 80,
  rows = 24,
  describe,
}: {
  readonly columns?: number
  readonly rows?: number
  readonly describe?: (slot: string) => ConnectionDescription
} = {}) {
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] })
  const exits = process.listenerCount('exit')
  onTestFinished(() => {
    vi.useRealTimers()
  })
  const connections: ConnectionInfo[] = []
  const resized = new Set<() => void>()
  const written: string[] = []
  const size = { columns, rows }
  const terminal: Terminal = {
    get columns() {
      return size.columns
    },
    get rows() {
      return size.rows
    },
    write: (text) => written.push(text),
    on: (_, run) => resized.add(run),
    off: (_, run) => resized.delete(run),
  }
  let nowMs = 0
  const report = startScreen(terminal, {
    connections: () => connections,
    nowMs: () => nowMs,
    describe: ({ slot }) => describe?.(slot) ?? { fields: {}, columns: {} },
    waitsFor: 'until peers=1',
  })
  return {
    ...{ connections, report, written, resized },
    exitListeners: () => process.listenerCount('exit') - exits,
    pass(ms: number) {
      nowMs += ms
      vi.advanceTimersByTime(ms)
    },
    resize(to: { readonly columns: number; readonly rows: number }) {
      Object.assign(size, to)
      for (const run of resized) run()
    },
    /** What a terminal would show of all that was written, from the first drawing on. */
    shown() {
      const lines: string[] = []
      let line = 0
      let column = 0
      const tokens = /\u001B\[([?\d]*)([A-Za-z])|\r|\n|[^\u001B\r\n]+/g
      for (const [token, count = '', command] of written.join('').matchAll(tokens)) {
        const text = lines[line] ?? ''
        if (token === '\n') line++
        if (token === '\n' || token === '\r') column = 0
        else if (command === 'A') line -= Number(count)
        else if (command === 'K') lines[line] = text.slice(0, column)
        else if (command === 'J') lines.splice(line)
        else if (command === undefined) {
          lines[line] = text.slice(0, column) + token + text.slice(column + token.length)
          column += token.length
        }
      }
      return lines
    },
  }
}

const STARTED = {
  pid: 7,
  id: 'me',
  network: 'tiny',
  listening: [],
  addresses: [],
  ...{ onionProxy: undefined, proxy: undefined },
}

describe('the screen', () => {
  test('draws four times a second at most, and only what has changed', () => {
    const { connections, pass, report, written } = startTerminal()
    report.started(STARTED)
    const before = written.length
    for (let number = 0; number < 100; number++) {
      connections.push(connectionTo(number))
      report.event({ type: 'peer.unbanned', subject: 'x', key: { kind: 'address', host: 'x' } })
      pass(10)
    }
    expect(written.length - before).toBe(4)
    connections.length = 0
    pass(1_000)
    const still = written.length
    pass(249)
    expect(written.length).toBe(still)
  })

  test('shows a table, the last events and the state, in the same place', () => {
    const { connections, pass, report, shown } = startTerminal()
    report.started(STARTED)
    connections.push(connectionTo(1))
    for (let strikes = 1; strikes <= 7; strikes++) {
      const key = { kind: 'address', host: 'x' } as const
      report.event({ type: 'peer.struck', subject: `x\u001B[2J`, key, strikes })
    }
    pass(3_000)
    expect(shown().filter((line) => line !== '')).toEqual(
      [
        'a node of the network tiny runs as process 7 and takes no connections',
        'peer            phase   since  received  messages  sent  messages',
        '10.0.0.1:1  in  active    3 s    1.5 kB         2   0 B         0',
        ...[3, 4, 5, 6, 7].map((strikes) => `strike ${String(strikes)} for x?[2J`),
        '1 active of 1 | 1.5 kB in, 0 B out | runs for 3 s | until peers=1 | Ctrl-C stops it',
      ].map((line) => line.slice(0, 79)),
    )
  })

  test('has columns of the network, blank where it has nothing to say', () => {
    const { connections, pass, report, shown } = startTerminal({
      describe: (slot) => ({ fields: {}, columns: slot === 'manual' ? { depth: '7' } : {} }),
    })
    report.started(STARTED)
    connections.push(connectionTo(1), { ...connectionTo(2), slot: 'manual' })
    pass(3_000)
    expect(shown().slice(2, 5)).toEqual([
      'peer            phase   depth  since  received  messages  sent  messages',
      '10.0.0.1:1  in  active           3 s    1.5 kB         2   0 B         0',
      '10.0.0.1:2  in  active  7        3 s    1.5 kB         2   0 B         0',
    ])
  })

  test('shows what was sent and received at 80 columns, and of the network what fits, in its order', () => {
    const columns = { type: 'block-only', via: 'v2', ping: '120 ms', name: 'x'.repeat(24) }
    const { connections, pass, report, shown } = startTerminal({
      describe: () => ({ fields: {}, columns }),
    })
    report.started(STARTED)
    const address = '203.203.203.203:18444'
    connections.push({ ...connectionTo(1), address, phase: 'handshaking' })
    const { counters } = connectionTo(1)
    connections.push({
      ...{ ...connectionTo(2), address: '10.0.0.2:18444' },
      counters: { ...counters, receivedBytes: 99_900_000, sentBytes: 88_800_000 },
    })
    pass(3_000)
    expect(shown().slice(2, 5)).toEqual([
      'peer                    phase        type        via  ping    received     sent',
      '203.203.203.…18444  in  handshaking  block-only  v2   120 ms    1.5 kB      0 B',
      '10.0.0.2:18444      in  active       block-only  v2   120 ms    100 MB  88.8 MB',
    ])
  })

  test('takes no more room than there is', () => {
    const { connections, pass, report, resize, written } = startTerminal({ columns: 30, rows: 14 })
    for (let number = 0; number < 50; number++) connections.push(connectionTo(number))
    report.started(STARTED)
    const height = (text: string) => text.split('\n').length - 1
    const last = () => written.at(-1) ?? ''
    expect(height(last())).toBeLessThan(14)
    expect(last()).toContain('and 48 more')
    const plain = last().replaceAll(/\u001B\[[?\d]*[A-Za-z]|\r/g, '')
    expect(Math.max(...plain.split('\n').map((line) => line.length))).toBeLessThan(30)
    resize({ columns: 1, rows: 1 })
    pass(1_000)
    expect(height(last())).toBeLessThanOrEqual(1)
  })

  test('takes a terminal without a size for a usual one', () => {
    const { connections, report, shown } = startTerminal({ columns: 0, rows: 0 })
    for (let number = 0; number < 50; number++) connections.push(connectionTo(number))
    report.started(STARTED)
    expect(shown()).toContain('and 38 more')
    expect(shown()).toContainEqual(expect.stringMatching(/^50 active of 50 \|/))
  })

  test('gives the cursor back at the end, and lets go of the terminal and the process', () => {
    const { exitListeners, pass, report, resized, written } = startTerminal()
    report.started(STARTED)
    expect(written.join('')).toContain(HIDE)
    expect([exitListeners(), resized.size]).toEqual([1, 1])
    report.stopping({ by: 'timeout' })
    report.event({ type: 'node.stopped', killed: [] })
    report.ended({ by: 'timeout' }, 0)
    const text = written.join('')
    expect(text.lastIndexOf(SHOW)).toBeGreaterThan(text.lastIndexOf(HIDE))
    expect(text).toContain('the time is up')
    expect([exitListeners(), resized.size]).toEqual([0, 0])
    const { length } = written
    pass(10_000)
    expect(written).toHaveLength(length)
  })

  test('of a node that did not start was never drawn', () => {
    const { report, written } = startTerminal()
    report.event({ type: 'node.stopped', killed: [] })
    report.ended({ by: 'failure', sentence: 'no' }, 1)
    expect(written).toEqual([])
  })
})
