import type { WebSocketRoute } from 'playwright-core'
import { describe, expect, test } from 'vitest'
import { INSPECTOR_LIMITS } from '../../inspector/limits.ts'
import type { Action } from '../../inspector/messages.ts'
import { expectNoSidewaysScroll, useBrowser, WIDTHS } from './browser.ts'
import { MARKUP, recordedJournal } from './recorded.ts'
import { startRecordedServer } from './recorded-server.ts'

const open = useBrowser()

const LIVING = '#/connection/node%201/node%201%2Fin-2'
const CLOSED = '#/connection/node%201/node%201%2Fout-1'

/** The page, at one of its parts. */
async function openAt(fragment: string, options?: Parameters<typeof open>[1]) {
  const server = await startRecordedServer()
  const opened = await open(server.url, options)
  await opened.page.getByRole('status').getByText('live').waitFor()
  await opened.page.evaluate((to) => {
    location.hash = to
  }, fragment)
  return { ...opened, server }
}

describe('a node that does not answer', () => {
  test('is said not to, also by a page that was opened then, until it does', async () => {
    let isHanging = true
    const { url } = await startRecordedServer({ answers: () => !isHanging })
    const { page } = await open(url)
    await page.getByRole('status').getByText('no answer').waitFor()
    await page.getByText('The node does not answer').waitFor()
    isHanging = false
    await page.getByRole('status').getByText('live').waitFor()
    await page.getByText('The node does not answer').waitFor({ state: 'detached' })
    isHanging = true
    await page.getByRole('status').getByText('no answer').waitFor()
  })

  test('is asked again where it was gone', async () => {
    let isGone = true
    const gone = { why: 'node-gone', message: 'the node is gone' } as const
    const { url } = await startRecordedServer({ answers: () => (isGone ? gone : true) })
    const { page } = await open(url)
    await page.getByText('the node is gone').first().waitFor()
    isGone = false
    const links = page.getByRole('table').getByRole('link', { name: /^node 1\// })
    await expect.poll(() => links.count()).toBe(3)
  })
})

describe('the table of connections', () => {
  test('shows what a network says of its connections, and runs none of it', async () => {
    const { complaints, page } = await openAt('#/')
    const rows = page.getByRole('table').getByRole('row')
    await expect.poll(() => rows.count()).toBe(4)
    expect(await rows.nth(1).innerText()).toContain('not read')
    expect(await page.getByText(MARKUP).count()).toBe(3)
    expect(complaints).toEqual([])
  })

  test('sorts by a column, one way and the other, with the keyboard alone', async () => {
    const { page } = await openAt('#/')
    const table = page.getByRole('table')
    const names = async () =>
      (await table.getByRole('link', { name: /^node 1\// }).allInnerTexts()).join()
    await expect.poll(names).toBe('node 1/in-2,node 1/in-3,node 1/out-1')
    const age = table.getByRole('columnheader', { name: 'Age' })
    await age.getByRole('button').focus()
    await page.keyboard.press('Enter')
    await expect.poll(names).toBe('node 1/in-3,node 1/out-1,node 1/in-2')
    expect(await age.getAttribute('aria-sort')).toBe('descending')
    await page.keyboard.press('Space')
    await expect.poll(names).toBe('node 1/in-2,node 1/out-1,node 1/in-3')
    expect(await age.getAttribute('aria-sort')).toBe('ascending')
  })

  test('filters by text and by state', async () => {
    const { page } = await openAt('#/')
    const links = page.getByRole('table').getByRole('link', { name: /^node 1\// })
    await page.getByLabel('Filter').fill('50200')
    await expect.poll(() => links.allInnerTexts()).toEqual(['node 1/in-3'])
    await page.getByLabel('Filter').fill('nobody')
    await page.getByText('No connection is like that.').waitFor()
    await page.getByLabel('Filter').fill('')
    await page.getByLabel('State').selectOption('handshaking')
    await expect.poll(() => links.allInnerTexts()).toEqual(['node 1/in-2'])
  })
})

describe('a connection', () => {
  test('is its chart: where it is, which way it came, what can happen next', async () => {
    const { complaints, page } = await openAt(LIVING)
    const chart = page.getByRole('img', { name: 'It is in shaking, in it checking.' })
    await chart.waitFor()
    const classesOf = (selector: string) => chart.locator(selector).getAttribute('class')
    expect(await classesOf('[data-state="native.shaking.checking"]')).toContain('is-active')
    expect(await classesOf('[data-state="native.shaking.awaiting"]')).toContain('is-visited')
    expect(await classesOf('[data-state="native.over"]')).not.toMatch(/is-active|is-visited/)
    expect(await classesOf('[data-transition="native.shaking.awaiting: unit"]')).toContain(
      'is-taken',
    )
    expect(await classesOf('[data-transition="native: leave"]')).toContain('is-next')
    const frame = page.locator('.chart')
    const isWhole = () =>
      frame.evaluate((element) => {
        const { clientHeight, clientWidth, scrollHeight, scrollWidth } = element
        return scrollHeight <= clientHeight && scrollWidth <= clientWidth
      })
    expect(await isWhole()).toBe(false)
    await page.getByLabel('the whole chart at once').check()
    await expect.poll(isWhole).toBe(true)
    expect(await page.getByRole('region', { name: 'What can happen next' }).innerText()).toContain(
      'isAnswerToDialler',
    )
    const messages = page.getByLabel('Messages, the newest one last').getByRole('listitem')
    expect(await messages.allInnerTexts()).toHaveLength(4)
    expect(await messages.nth(2).innerText()).toContain('×39')
    expect(complaints).toEqual([])
  })

  test('counts its deadlines down, but for one that stands still', async () => {
    const { page } = await openAt(LIVING)
    const deadlines = page.getByRole('region', { name: 'Deadlines' })
    const first = () => deadlines.getByRole('listitem').first().innerText()
    const before = await first()
    await expect.poll(first).not.toBe(before)
    expect(await deadlines.innerText()).toContain('41.0 s (stands still)')
    expect(await page.getByLabel('Statechart').locator('.left').count()).toBe(1)
  })

  test('has the chart of the connection beside that of its session', async () => {
    const { page } = await openAt(LIVING)
    await page.getByRole('button', { name: 'connection handshaking' }).click()
    await page.getByRole('img', { name: 'The chart connection. It is in handshaking.' }).waitFor()
  })

  test('that is closed says why, in words', async () => {
    const { page } = await openAt(CLOSED)
    const why = page.getByRole('region', { name: 'Why it was closed' })
    await why.getByText('We closed it, because the handshake took longer than 30 s.').waitFor()
    expect(await why.innerText()).toContain('handshake-timeout')
    await page.getByText('Nothing: this is the end of it.').waitFor()
    await page.getByText('Nothing runs out.').waitFor()
    expect(await page.getByText('amber: what can happen next').count()).toBe(0)
    await page.getByRole('button', { name: 'connection closed' }).click()
    await page.getByRole('img', { name: 'The chart connection. It is in closed.' }).waitFor()
    const end = page.locator('[data-state="connection.closed"]')
    expect(await end.getAttribute('class')).toContain('is-active')
  })

  test('that nobody knows is refused with a sentence', async () => {
    const { page } = await openAt('#/connection/node%201/gone')
    await page.getByRole('alert').getByText('It is gone.').waitFor()
  })
})

test('a node is its tree, its sub-protocols with the window, its numbers and its events', async () => {
  const { complaints, page } = await openAt('#/node/node%201')
  const tree = page.getByRole('region', { name: 'Supervision tree' })
  await tree.getByText('2 restarts').waitFor()
  expect(await tree.innerText()).toMatch(/items\s*down\s*transient/)
  await page.getByRole('article', { name: 'gossip' }).getByText('1,204 (41.5 /s)').waitFor()
  await page.getByRole('img', { name: 'The window from 512: 3 parts' }).waitFor()
  await page.getByRole('img', { name: /^Messages: now in 24.1 \/s/ }).waitFor()
  await page.getByLabel('Events, the last one first').getByText('connection.closed').waitFor()
  expect(await page.getByRole('button', { name: 'Pause' }).count()).toBe(0)
  expect(complaints).toEqual([])
})

test('the network is a picture whose lines lead to their connections', async () => {
  const { page } = await openAt('#/network')
  await page.getByText('7 nodes and 0 connections left out').waitFor()
  await page.getByRole('link', { name: 'node 2, gone' }).waitFor()
  await page.getByRole('link', { name: 'node 1 to 127.0.0.1:50123: handshaking' }).focus()
  await page.keyboard.press('Enter')
  await page.getByRole('heading', { name: 'node 1/in-2' }).waitFor()
})

test('what is done to a node is asked for twice, and only where the node allows it', async () => {
  const done: unknown[] = []
  const { url } = await startRecordedServer({
    actions(action) {
      done.push(action)
      return { refused: { why: 'failed', message: 'It was not there.' } }
    },
  })
  const { page } = await open(url)
  await page.getByRole('link', { name: 'node 1/in-2' }).click()
  await page.getByRole('button', { name: 'Disconnect …' }).click()
  expect(done).toEqual([])
  await page.getByRole('button', { name: 'No', exact: true }).click()
  await page.getByRole('button', { name: 'Disconnect …' }).click()
  await page.getByRole('button', { name: 'Disconnect', exact: true }).click()
  await page.getByText('It was not there.').waitFor()
  const wanted: Action = { do: 'disconnect', node: 'node 1', connection: 'node 1/in-2' }
  expect(done).toEqual([wanted])
})

test('of a peer that proved no identity the IP address is banned', async () => {
  const done: unknown[] = []
  const { url } = await startRecordedServer({
    actions(action) {
      done.push(action)
      return { done: true }
    },
  })
  const { page } = await open(url)
  await page.getByRole('link', { name: 'node 1/in-2' }).click()
  await page.getByRole('button', { name: 'Ban …' }).click()
  await page.getByRole('button', { name: 'Ban', exact: true }).click()
  await page.getByText('Ban: done.').waitFor()
  const wanted: Action = { do: 'ban', node: 'node 1', subject: '127.0.0.1', forMs: null }
  expect(done).toEqual([wanted])
})

describe('time travel', () => {
  async function openJournals() {
    const { url } = await startRecordedServer({ journals: recordedJournal })
    const opened = await open(url)
    await opened.page.getByRole('link', { name: 'Journals' }).click()
    return opened
  }

  test('goes through a journal step by step, and shows the chart at each', async () => {
    const { complaints, page } = await openJournals()
    await page.getByRole('button', { name: 'Open node-1.journal' }).click()
    await page.getByText('node.start').waitFor()
    await page.getByText('It ends in the middle of a step.').waitFor()
    await page.getByRole('img', { name: 'It is in connecting.' }).waitFor()
    const active = () => page.locator('[data-state].is-active').getAttribute('data-state')
    expect(await active()).toBe('connection.connecting')
    await page.getByRole('slider', { name: 'Step' }).focus()
    await page.keyboard.press('ArrowRight')
    await page.getByText('stream.opened in-2').waitFor()
    await expect.poll(active).toBe('connection.handshaking')
    const led = page.locator('[data-transition].is-taken')
    expect(await led.getAttribute('data-transition')).toBe('connection.connecting: opened')
    await page.getByRole('button', { name: 'Last step' }).click()
    await page.getByText('job 3 done').waitFor()
    await expect.poll(active).toBe('connection.active')
    expect(await page.getByRole('button', { name: 'Next step' }).isDisabled()).toBe(true)
    await page.getByRole('button', { name: 'Step before' }).click()
    await page.getByText('stream.opened in-2').waitFor()
    expect(complaints).toEqual([])
  })

  test('gives back what comes when it was left, and says how many are not listed', async () => {
    const asked: unknown[] = []
    let answer: () => void = () => undefined
    const ready = new Promise<void>((resolve) => (answer = resolve))
    const { url } = await startRecordedServer({
      async journals(given) {
        asked.push(given)
        if (JSON.stringify(given).includes('open')) await ready
        return recordedJournal(given)
      },
    })
    const { complaints, page } = await open(url)
    await page.getByRole('link', { name: 'Journals' }).click()
    await page.getByText('7 more are not listed').waitFor()
    await page.getByRole('button', { name: 'Open node-1.journal' }).click()
    await page.getByText('is opened').waitFor()
    await page.getByRole('link', { name: 'Connections' }).click()
    await page.getByText('is opened').waitFor({ state: 'detached' })
    answer()
    await expect.poll(() => asked).toContainEqual({ close: 'j1' })
    expect(complaints).toEqual([])
  })

  test('shows a step whose time no calendar has', async () => {
    const { url } = await startRecordedServer({
      journals(given) {
        const answer = recordedJournal(given)
        return 'at' in answer ? { at: { ...answer.at, atMs: 1e300 } } : answer
      },
    })
    const { complaints, page } = await open(url)
    await page.getByRole('link', { name: 'Journals' }).click()
    await page.getByRole('button', { name: 'Open node-1.journal' }).click()
    await page.getByText('node.start').waitFor()
    expect(complaints).toEqual([])
  })

  test('waits for a journal for as long as the server does', async () => {
    const { url } = await startRecordedServer({ journals: recordedJournal })
    const deadlines: number[] = []
    const { page } = await open(url, {
      async prepare(page) {
        await page.exposeFunction('noteDeadline', (ms: number) => deadlines.push(ms))
        await page.addInitScript(`
          const timeout = AbortSignal.timeout.bind(AbortSignal)
          AbortSignal.timeout = (ms) => { noteDeadline(ms); return timeout(ms) }
        `)
      },
    })
    await page.getByRole('link', { name: 'Journals' }).click()
    await page.getByRole('button', { name: 'Open node-1.journal' }).waitFor()
    await expect.poll(() => deadlines).toEqual([INSPECTOR_LIMITS.journalMs])
  })

  test('forks what is seen into a test', async () => {
    const { page } = await openJournals()
    await page.getByRole('button', { name: 'Open node-1.journal' }).click()
    await page.getByRole('button', { name: 'Next step' }).click()
    await page.getByText('stream.opened in-2').waitFor()
    await page.getByRole('button', { name: 'Write it' }).click()
    await page.getByText('Written: node-1-journal.test.ts at 1').waitFor()
  })

  test('says why a file of this person is no journal', async () => {
    const { page } = await openJournals()
    const buffer = Buffer.from('not a journal')
    const file = { name: 'mine.journal', mimeType: 'application/octet-stream', buffer }
    await page.getByLabel('A file of peerloom node --record').setInputFiles(file)
    await page.getByRole('alert').getByText('mine.journal is no journal: 20 digits.').waitFor()
  })

  test('begins at a connection with what its flight recorder keeps', async () => {
    const { page } = await openJournals()
    await page.getByRole('link', { name: 'Connections' }).click()
    await page.getByRole('link', { name: 'node 1/in-2' }).click()
    await page.getByRole('link', { name: 'step through it' }).click()
    await page.getByRole('heading', { name: 'flight' }).waitFor()
    await page.getByText('node.start').waitFor()
    const fork = page.getByRole('region', { name: 'Fork' })
    await fork.getByText('No test can begin here: it was recorded without payloads.').waitFor()
    expect(await page.getByRole('button', { name: 'Write it' }).count()).toBe(0)
  })
})

test('the token leaves the address, and the page can be loaded again', async () => {
  const { page } = await openAt('#/nodes')
  expect(page.url()).not.toContain('token')
  await page.reload()
  await page.getByRole('heading', { name: 'Nodes' }).waitFor()
  await page.getByRole('link', { name: 'node 1' }).waitFor()
})

test('the address of the next run, put into the same tab, is taken as if it were opened', async () => {
  const { url } = await startRecordedServer()
  const { page } = await open(url.replace(/=.*$/, '=00'))
  await page.getByRole('alert').waitFor()
  // It differs behind the # alone.
  await page.goto(url)
  await page.getByRole('status').getByText('live').waitFor()
  expect(page.url()).not.toContain('token')
})

test('without a token the page says what is missing', async () => {
  const { url } = await startRecordedServer()
  const { page } = await open(url.replace(/#.*$/, ''))
  await page.getByText('This address has no token.').waitFor()
})

test('a live channel that is lost is said, and found again', async () => {
  const channels: WebSocketRoute[] = []
  const { page } = await openAt('#/', {
    prepare: (page) =>
      page.routeWebSocket('**/live', (channel) => {
        channel.connectToServer()
        channels.push(channel)
      }),
  })
  await page.getByRole('link', { name: 'node 1/in-2' }).waitFor()
  await channels[0]?.close()
  await page.getByRole('alert').getByText('Nobody answers.').waitFor()
  await page.getByRole('status').getByText('live').waitFor()
  await expect.poll(() => page.getByRole('alert').count()).toBe(0)
  expect(channels).toHaveLength(2)
})

test('a node that has gone is said, and what was seen of it stays', async () => {
  const { page, server } = await openAt('#/')
  await page.getByRole('link', { name: 'node 1/in-2' }).waitFor()
  await server.close()
  await page.getByRole('alert').getByText('Nobody answers.').waitFor()
  expect(await page.getByRole('link', { name: 'node 1/in-2' }).count()).toBe(1)
})

test('where one goes, the part that is there now has the focus', async () => {
  const { page } = await openAt('#/')
  await page.getByRole('link', { name: 'Nodes' }).click()
  await page.getByRole('heading', { name: 'Nodes' }).waitFor()
  await expect.poll(() => page.evaluate(() => document.activeElement?.tagName)).toBe('MAIN')
})

const PARTS = ['#/', '#/network', '#/nodes', '#/node/node%201', '#/journals', LIVING, CLOSED]

test.each(
  PARTS.flatMap((part) => (['wide', 'narrow'] as const).map((width) => [part, width] as const)),
)('%s fits a screen that is %s, and names what can be used', async (part, width) => {
  const { complaints, page } = await openAt(part, { viewport: WIDTHS[width] })
  await page.getByRole('heading', { level: 1 }).waitFor()
  await page.waitForLoadState('networkidle')
  await expectNoSidewaysScroll(page)
  const nameless = await page.evaluate(() =>
    [...document.querySelectorAll('a, button, input, select, [role=img], [role=region]')]
      .filter((element) => {
        const label =
          element.getAttribute('aria-label') ??
          (element instanceof HTMLInputElement || element instanceof HTMLSelectElement
            ? [...(element.labels ?? [])].map((one) => one.textContent).join('')
            : element.textContent)
        return (label ?? '').trim() === ''
      })
      .map((element) => element.outerHTML.slice(0, 120)),
  )
  expect(nameless).toEqual([])
  expect(complaints).toEqual([])
})
