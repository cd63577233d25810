import { performance } from 'node:perf_hooks'
import { expect, onTestFinished, test, vi } from 'vitest'
import { nobleCrypto } from '../../transport/crypto/noble.ts'
import { inlineJobs } from '../../transport/jobs.ts'
import type { InlineJobsOptions } from '../../transport/jobs.ts'
import { createDeliveryQueue } from '../../transport/later.ts'
import type { CryptoJob, JobInput } from '../../world/jobs.ts'
import { platformUntil } from './support.ts'

const crypto = nobleCrypto()
const privateKey = new Uint8Array(32).fill(7)
const otherKey = new Uint8Array(32).fill(9)
const publicKey = crypto.publicKeyOf(privateKey)
const message = Uint8Array.of(1, 2, 3)
const signature = crypto.sign(message, privateKey)

const sharing: CryptoJob = { operation: 'sharedX', privateKey: otherKey, publicKey }
const signing: CryptoJob = { operation: 'sign', message, privateKey }
const verifying: CryptoJob = { operation: 'verify', message, signature, publicKey }
const impossible: CryptoJob = { operation: 'sign', message, privateKey: new Uint8Array(32) }

function startJobs(options: InlineJobsOptions) {
  const jobs = inlineJobs(crypto, options)
  const told: JobInput[] = []
  jobs.start((input) => told.push(input))
  return { jobs, told }
}

test('answers each job with what the backend says, in the order of asking', () => {
  const queue = createDeliveryQueue()
  const { jobs, told } = startJobs({ later: queue.later })
  jobs.run(1, sharing)
  jobs.run(2, signing)
  jobs.run(3, verifying)
  jobs.run(4, { ...verifying, message: Uint8Array.of(9) })
  jobs.run(5, { ...sharing, publicKey: new Uint8Array(33) })
  expect(told).toEqual([])
  queue.run()
  expect(told).toEqual([
    {
      kind: 'job.done',
      request: 1,
      result: crypto.sharedX(privateKey, crypto.publicKeyOf(otherKey)),
    },
    { kind: 'job.done', request: 2, result: signature },
    { kind: 'job.done', request: 3, result: true },
    { kind: 'job.done', request: 4, result: false },
    { kind: 'job.done', request: 5, result: undefined },
  ])
})

test('tells of a job that threw, nothing of why, and does the next', () => {
  const queue = createDeliveryQueue()
  const { jobs, told } = startJobs({ later: queue.later })
  jobs.run(1, impossible)
  jobs.run(2, verifying)
  queue.run()
  expect(told).toEqual([
    { kind: 'job.failed', request: 1 },
    { kind: 'job.done', request: 2, result: true },
  ])
})

/** How many of three jobs were done when what was asked for behind the first of them had its turn. */
function doneInTheFirstTurn(options: InlineJobsOptions): number {
  const queue = createDeliveryQueue()
  const { jobs, told } = startJobs({ ...options, later: queue.later })
  jobs.run(1, verifying)
  jobs.run(2, verifying)
  jobs.run(3, verifying)
  queue.deliver()
  const done = told.length
  queue.run()
  expect(told.map(({ request }) => request)).toEqual([1, 2, 3])
  return done
}

test('does as many jobs a turn as are begun within its time, and one at least', () => {
  const clock = vi.spyOn(performance, 'now')
  onTestFinished(() => clock.mockRestore())
  let nowMs = 0
  // It is asked for before the first job, and after each.
  clock.mockImplementation(() => nowMs++)
  expect(doneInTheFirstTurn({ sliceMs: 0 })).toBe(1)
  expect(doneInTheFirstTurn({})).toBe(1)
  expect(doneInTheFirstTurn({ sliceMs: 2 })).toBe(2)
  expect(doneInTheFirstTurn({ sliceMs: 100 })).toBe(3)
})

test('goes on with the next turn where one that is told throws', () => {
  const queue = createDeliveryQueue()
  const jobs = inlineJobs(crypto, { later: queue.later })
  const told: number[] = []
  jobs.start(({ request }) => {
    told.push(request)
    if (request === 1) throw new Error('broken')
  })
  jobs.run(1, verifying)
  jobs.run(2, verifying)
  expect(() => queue.run()).toThrow('broken')
  queue.run()
  expect(told).toEqual([1, 2])
})

test('answers on the platform after the call, a job asked for by an answer too', async () => {
  const jobs = inlineJobs(crypto)
  const told: number[] = []
  jobs.start(({ request }) => {
    told.push(request)
    if (request === 1) jobs.run(2, verifying)
  })
  jobs.run(1, verifying)
  expect(told).toEqual([])
  await platformUntil(() => told.length === 2, 'both answers')
  expect(told).toEqual([1, 2])
})

test('says nothing after stop', () => {
  const queue = createDeliveryQueue()
  const { jobs, told } = startJobs({ later: queue.later, sliceMs: 0 })
  jobs.run(1, verifying)
  jobs.run(2, verifying)
  queue.deliver()
  jobs.stop()
  jobs.run(3, verifying)
  queue.run()
  expect(told.map(({ request }) => request)).toEqual([1])
})
