import { PassThrough, Writable } from 'node:stream'
import { expect, test } from 'vitest'
import { passingOver, UNREAD_BYTES_MAX } from '../../../cli/node/passed-over.ts'
import { createReport } from '../../../cli/node/report.ts'
import type { SupervisorEvent } from '../../../index.ts'

const EVENT: SupervisorEvent = {
  type: 'fault',
  where: 'a place with a long name '.repeat(2_000),
  error: new Error('none'),
}

const eventsIn = (text: string) =>
  text
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as { readonly event: string; readonly events?: number })

/** Of a real stream that nobody reads until it is told to. */
function startStalled() {
  const output = new PassThrough()
  const print = (line: string): void => {
    output.write(`${line}\n`)
  }
  const report = createReport(true, print, {
    ...{ connections: () => [], nowMs: () => 0, waitsFor: '' },
    describe: () => ({ fields: {}, columns: {} }),
  })
  let read = ''
  return {
    output,
    report: passingOver(report, output, true, print),
    /** So much, and then no more. */
    async read(bytes: number) {
      const before = output.writableLength
      while (before - output.writableLength < bytes && output.writableLength > 0) {
        read += String(output.read() ?? '')
        await new Promise((resolve) => setImmediate(resolve))
      }
    },
    async whole() {
      output.end()
      for await (const chunk of output) read += String(chunk)
      return eventsIn(read)
    },
  }
}

test('events that nobody reads are counted above a bound, and said once half was read', async () => {
  const { output, read, report, whole } = startStalled()
  for (let count = 0; count < 400; count++) report.event(EVENT)
  const held = output.writableLength
  expect(held).toBeGreaterThan(UNREAD_BYTES_MAX)
  expect(held).toBeLessThan(UNREAD_BYTES_MAX + 60_000)
  await read(UNREAD_BYTES_MAX / 4)
  report.event(EVENT)
  await read(UNREAD_BYTES_MAX / 2)
  report.event(EVENT)

  const lines = await whole()
  const said = lines.filter(({ event }) => event === 'fault').length
  const passed = lines.filter(({ event }) => event === 'output.passed-over')
  expect(passed).toMatchObject([{ events: 402 - said }])
  expect(lines.slice(-2).map(({ event }) => event)).toEqual(['output.passed-over', 'fault'])
})

test('the last words are said whatever waits, and how many were not', async () => {
  const { report, whole } = startStalled()
  for (let count = 0; count < 400; count++) report.event(EVENT)
  report.stopping({ by: 'timeout' })
  report.ended({ by: 'timeout' }, 0)
  const lines = await whole()
  expect(lines.slice(-3).map(({ event }) => event)).toEqual([
    ...['output.passed-over', 'stopping', 'ended'],
  ])
})

test('a reader that keeps up gets everything', async () => {
  const { read, report, whole } = startStalled()
  for (let count = 0; count < 400; count++) {
    report.event(EVENT)
    await read(UNREAD_BYTES_MAX)
  }
  expect((await whole()).map(({ event }) => event)).toEqual(Array<string>(400).fill('fault'))
})

test('what cannot be written is counted until it can, and said on a line of its own', async () => {
  let room = 3
  let written = ''
  const settled = () => new Promise((resolve) => setImmediate(resolve))
  // As a file on a full disk: half of a line may stand there.
  const write = (line: string, lost: () => void): void => {
    const output = new Writable({
      write(chunk, _, done) {
        const whole = `${String(chunk)}\n`
        written += room-- > 0 ? whole : room === -1 ? whole.slice(0, 10) : ''
        done(room < 0 ? new Error('full') : null)
      },
    })
    output.on('error', () => undefined)
    output.write(line, (error) => {
      if (error != null) lost()
    })
  }
  const print = (line: string): void => {
    write(line, () => {
      report.lost()
    })
  }
  const report = passingOver(
    createReport(true, print, {
      ...{ connections: () => [], nowMs: () => 0, waitsFor: '' },
      describe: () => ({ fields: {}, columns: {} }),
    }),
    { writableLength: 0 },
    true,
    write,
  )
  for (let count = 0; count < 20; count++) {
    report.event(EVENT)
    await settled()
  }
  room = 10
  report.event(EVENT)
  await settled()
  const lines = written.split('\n').filter((line) => line.endsWith('}'))
  expect(lines.map((line) => eventsIn(line)[0])).toMatchObject([
    ...Array<object>(3).fill({ event: 'fault' }),
    { event: 'output.passed-over', events: 17 },
    { event: 'fault' },
  ])
})
