/** Two hosts of a simulated network with one stream between them, and all that each is told, with its time. */
import type { ListenerInput, SocketAddress, StreamInput, Streams } from '../../../world/streams.ts'
import type { DatagramInput } from '../../../world/datagrams.ts'
import { encodeHex } from '../../../codec/bytes.ts'
import { seededRandom } from '../../../transport/random.ts'
import { FAULT_PRESETS } from '../../../transport/simulated/faults.ts'
import type { NetworkFaults } from '../../../transport/simulated/faults.ts'
import { simulatedNetwork } from '../../../transport/simulated.ts'
import { virtualClock } from '../../../transport/virtual-clock.ts'

/** Nothing happens, and each way takes ten milliseconds: what a test changes is all there is. */
export const STEADY: NetworkFaults = {
  ...FAULT_PRESETS.calm,
  latencyMs: { min: 10, max: 10, tailMean: 0 },
  bytesPerSecond: Infinity,
}

export interface Settings {
  readonly faults?: Partial<NetworkFaults>
  readonly seed?: string
  readonly skipFault?: number
  readonly windowBytes?: number
}

export function startNetwork({ faults, seed = 'simulated', ...rest }: Settings = {}) {
  const clock = virtualClock()
  const network = simulatedNetwork({
    clock,
    random: seededRandom(seed),
    faults: { ...STEADY, ...faults },
    ...rest,
  })
  return { clock, network }
}

type Network = ReturnType<typeof startNetwork>

/** A host that reads whatever comes, and notes it. */
export function startHost({ clock, network }: Network, host: string) {
  const { streams, datagrams, crash } = network.node(host)
  const trace: string[] = []
  const inputs: (StreamInput | ListenerInput | DatagramInput)[] = []
  const received: number[] = []
  /** What the bytes of datagrams stood in. */
  const buffers: ArrayBufferLike[] = []
  const sizes: number[] = []
  /** How deep in calls of ours we are: nothing may be delivered there. */
  let calls = 0
  const note = (input: StreamInput | ListenerInput | DatagramInput): void => {
    if (calls > 0) throw new Error(`${input.kind} was delivered inside a call`)
    const bytes = 'bytes' in input ? input.bytes.slice() : new Uint8Array(0)
    trace.push(`${clock.nowMs} ${input.kind} ${encodeHex(bytes)}`)
    inputs.push('bytes' in input ? { ...input, bytes } : input)
    if (input.kind === 'datagrams.received') buffers.push(input.bytes.buffer)
    if (input.kind === 'stream.bytes') {
      received.push(...bytes)
      sizes.push(bytes.length)
    }
    if (input.kind === 'listener.accepted' || input.kind === 'stream.opened') {
      call(() => streams.resume(input.stream))
    }
  }
  streams.start(note)
  datagrams.start(note)
  const call = <Result>(act: (of: Streams) => Result): Result => {
    calls++
    try {
      return act(streams)
    } finally {
      calls--
    }
  }
  const timesOf = (kind: string): number[] =>
    trace.filter((line) => line.split(' ')[1] === kind).map((line) => Number(line.split(' ')[0]))
  const faultsTold = (): readonly string[] =>
    inputs.flatMap((input) => (input.kind === 'stream.failed' ? [input.fault] : []))
  return {
    buffers,
    call,
    crash,
    datagrams,
    faultsTold,
    inputs,
    received,
    sizes,
    streams,
    timesOf,
    trace,
  }
}

const PORT = 7_000
export const DIALLER = '10.0.0.1'
export const LISTENER: SocketAddress = { host: '10.0.0.2', port: PORT }
/** The dialler's number of the stream, and the listener's. */
export const DIALLED = 2
export const ACCEPTED = 1

/** Both hosts, the listener listening; nobody has dialled. */
export function startHosts(settings?: Settings) {
  const world = startNetwork(settings)
  const dialler = startHost(world, DIALLER)
  const listener = startHost(world, LISTENER.host)
  listener.call((streams) => streams.listen(1, LISTENER))
  world.clock.settle()
  return { ...world, dialler, listener }
}

/** The stream is open on both sides. @throws {Error} it is not, after a minute */
export function startStream(settings?: Settings) {
  const hosts = startHosts(settings)
  const { clock, dialler, listener } = hosts
  dialler.call((streams) => streams.open(DIALLED, LISTENER))
  const isOpen = () => listener.timesOf('listener.accepted').length > 0
  if (!clock.runUntil(isOpen, { withinMs: 60_000 })) throw new Error('the stream did not open')
  return hosts
}
