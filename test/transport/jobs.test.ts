import { expect, test } from 'vitest'
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

test('does one job a turn, so that others get theirs in between', () => {
  const queue = createDeliveryQueue()
  const { jobs, told } = startJobs({ later: queue.later })
  const seen: number[] = []
  jobs.run(1, verifying)
  jobs.run(2, verifying)
  queue.later(() => seen.push(told.length))
  queue.run()
  expect([seen, told.length]).toEqual([[1], 2])
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
  const { jobs, told } = startJobs({ later: queue.later })
  jobs.run(1, verifying)
  jobs.run(2, verifying)
  queue.deliver()
  jobs.stop()
  jobs.run(3, verifying)
  queue.run()
  expect(told.map(({ request }) => request)).toEqual([1])
})
