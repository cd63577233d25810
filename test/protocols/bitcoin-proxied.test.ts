import { expect, test } from 'vitest'
import { bitcoin, tools } from '../../protocols/bitcoin.ts'

const CREATED = { network: 'regtest', transport: 'auto' }
const deadlinesOf = (proxyMs?: number) => {
  const given = { privateKey: undefined, ...(proxyMs === undefined ? {} : { proxyMs }) }
  return tools.create(CREATED, given).deadlines
}

test('a dial through a proxy has the time that the proxy may take besides its own', () => {
  expect(deadlinesOf()).toMatchObject({ connectMs: 5_000, establish: { ms: 65_000 } })
  expect(deadlinesOf(20_000)).toMatchObject({ connectMs: 25_000, establish: { ms: 85_000 } })
  expect(deadlinesOf(20_000).session).toEqual(deadlinesOf().session)
})

test('a recording holds it', () => {
  const recipe = bitcoin({ network: 'regtest', limits: { proxyMs: 20_000 } }).recipe?.()
  if (recipe === undefined) throw new Error('there is a recipe')
  expect(tools.remake?.(recipe).deadlines.connectMs).toBe(25_000)
})

test('peerloom crawl dials with it as well', () => {
  const { crawl } = tools.commands ?? {}
  const words = { known: '10', dials: '8', rate: '2', patience: '60s', for: '10m' }
  const values = { ...CREATED, ...words, connect: ['192.0.2.1'] }
  expect(crawl?.create(values).deadlines.connectMs).toBe(5_000)
  expect(crawl?.create(values, { proxyMs: 20_000 }).deadlines.connectMs).toBe(25_000)
})
