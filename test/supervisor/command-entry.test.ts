import { expect, test } from 'vitest'
import { createCommandEntry } from '../../supervisor/command-entry.ts'
import { createStepLoop } from '../../world/step-loop.ts'
import { createObservationPort } from '../../world/observation.ts'
import { native } from '../../protocols/native.ts'
import { keyOf } from '../contracts/seats.ts'
import { plain } from '../contracts/fits/plain.ts'
import { startNode, startVirtualWorld } from '../support/nodes.ts'

const FAR = '10.0.0.2:7001'
const NOBODY = 'nobody'
const BUSY = expect.objectContaining({ name: 'PeerloomError', code: 'busy' }) as Error

/** What is done within a step of a node of which so much was asked already that nothing more is taken. */
function inFullStep(run: (alice: ReturnType<typeof startNode>['supervisor']) => void) {
  const world = startVirtualWorld({ seed: 'commands' })
  const { supervisor } = startNode(world, 'alice', '10.0.0.1', plain())
  let taken = 0
  const subscription = supervisor.events.subscribe(({ type }) => {
    if (type !== 'peer.banned') return
    subscription.unsubscribe()
    expect(() => {
      for (; taken < 100_000; taken++) supervisor.disconnect(NOBODY)
    }).toThrow(BUSY)
    run(supervisor)
  })
  supervisor.ban('10.0.0.9')
  return { world, supervisor, taken }
}

test('more than can wait for the end of a step is refused, and nothing is done for it', async () => {
  let ends: readonly Promise<unknown>[] = []
  let failure: unknown
  const before = startNode(startVirtualWorld({ seed: 'before' }), 'alice', '10.0.0.1', plain())
  const { remembered: _, ...heldBefore } = before.supervisor.audit()
  const { supervisor, taken, world } = inFullStep((alice) => {
    ends = [alice.connect(FAR), alice.connect(FAR, { signal: new AbortController().signal })]
    expect(() => alice.handle('blob', () => Promise.resolve())).toThrow(BUSY)
    expect(() => {
      alice.ban('10.0.0.8')
    }).toThrow(BUSY)
    alice.messages('blob').subscribe({ error: (error: unknown) => (failure = error) })
  })
  expect([taken, failure]).toEqual([65_536, BUSY])
  for (const end of ends) await expect(end).rejects.toEqual(BUSY)
  world.advance(1_000)
  const { remembered, ...held } = supervisor.audit()
  expect([held, remembered['addresses'], supervisor.bans().length]).toEqual([heldBefore, 0, 1])
})

test('what is given back is taken all the same, and so is the end', async () => {
  const world = startVirtualWorld({ seed: 'commands' })
  const { supervisor } = startNode(world, 'alice', '10.0.0.1', plain())
  const caller = new AbortController()
  const connecting = supervisor.connect(FAR, { signal: caller.signal })
  const messages = supervisor.messages('blob').subscribe()
  const withdraw = supervisor.handle('blob', () => Promise.resolve())
  let stopping: Promise<unknown> = Promise.resolve()
  supervisor.events.subscribe(({ type }) => {
    if (type !== 'peer.banned') return
    expect(() => {
      for (;;) supervisor.disconnect(NOBODY)
    }).toThrow(BUSY)
    caller.abort()
    messages.unsubscribe()
    withdraw()
    stopping = supervisor.stop()
  })
  supervisor.ban('10.0.0.9')
  world.advance(10_000)
  await expect(connecting).rejects.toMatchObject({ code: 'aborted' })
  await expect(stopping).resolves.toEqual({ killed: [] })
})

test('a handler that is withdrawn again and again is withdrawn once', () => {
  const world = startVirtualWorld({ seed: 'commands' })
  const protocol = native({ network: 'test', privateKey: keyOf('dialler') })
  const { supervisor } = startNode(world, 'alice', '10.0.0.1', protocol)
  const withdrawn: string[] = []
  supervisor.port.watch((observation) => {
    if (observation.of !== 'step' || observation.input.kind !== 'command') return
    withdrawn.push(observation.input.command.name)
  })
  const answer = (): Promise<never> => Promise.reject(new Error('nobody asks'))
  for (const withdraw of [
    supervisor.handle('message', answer),
    supervisor.validate('news', answer),
  ])
    for (let count = 0; count < 3; count++) withdraw()
  expect(withdrawn).toEqual(['handle', 'name-handler', 'unhandle', 'unname-handler'])
})

test('a wait leaves room for what is waited for', () => {
  const world = startVirtualWorld({ seed: 'commands' })
  const { clock } = world.nodeWorld('alice', '10.0.0.1')
  const loop = createStepLoop({ clock, port: createObservationPort(), onFault: () => undefined })
  clock.start(loop.enter)
  const enter = createCommandEntry(loop)
  let isFirst = true
  loop.onCommand = () => {
    if (!isFirst) return
    isFirst = false
    while (loop.commandRoom > 1) enter({ name: 'pause' })
    expect(() => {
      enter({ name: 'wait', wait: 1, ms: 1 })
    }).toThrow(BUSY)
    enter({ name: 'connect', address: FAR })
    expect(loop.commandRoom).toBe(0)
    enter({ name: 'unwait', wait: 1 })
  }
  enter({ name: 'resume' })
  expect([isFirst, loop.commandRoom]).toEqual([false, 65_536])
})

test('what cannot be waited for is not asked', async () => {
  const world = startVirtualWorld({ seed: 'commands' })
  const protocol = native({ network: 'test', privateKey: keyOf('dialler') })
  const { supervisor } = startNode(world, 'alice', '10.0.0.1', protocol)
  const publish = (options: { readonly timeoutMs?: number; readonly signal?: AbortSignal }) =>
    supervisor.publish('news', new Uint8Array(3), { kind: 'item', ...options })
  await expect(publish({ timeoutMs: NaN })).rejects.toMatchObject({ code: 'bad-argument' })
  await expect(publish({ signal: AbortSignal.abort() })).rejects.toMatchObject({ code: 'aborted' })
  await expect(
    supervisor.connect(`node://${'ab'.repeat(32)}@10.0.0.2:9946`, { timeoutMs: -1 }),
  ).rejects.toMatchObject({ code: 'bad-argument' })
  world.advance(1_000)
  const listing = supervisor.kept('news')
  world.advance(10)
  expect((await listing).deliveries).toEqual([])
  expect(supervisor.audit().remembered['addresses']).toBe(0)
})
