/**
 * The streams of one host of the memory network: who dials, who listens, and the numbers of both.
 * What moves on a stream is link.ts.
 * @module
 */
import type {
  ListenerId,
  ListenerInput,
  SocketAddress,
  StreamId,
  StreamInput,
  Streams,
} from '../../world/streams.ts'
import { localAddress, targetAddress } from '../address.ts'
import { enteredBy, notStarted } from '../later.ts'
import type { Later } from '../later.ts'
import type { End, Links } from './link.ts'
import type { HostConditions, LinkPolicy, Reach } from './policy.ts'
import { bindPort, covers, freePort, isOwnHost, sourceHost } from './ports.ts'
import type { PortBook } from './ports.ts'

export interface StreamNode {
  readonly streams: Streams
  listensAt(address: SocketAddress): boolean
  accept(dialler: End, from: SocketAddress, to: SocketAddress): void
  failNextAccept(): void
  reset(stream: StreamId): void
  loseNextSent(stream: StreamId): void
  /** Everything is released and nothing told: the process is gone. */
  crash(): void
}

export interface StreamNodeOptions {
  readonly hosts: readonly string[]
  readonly later: Later
  readonly links: Links
  readonly policy: LinkPolicy | undefined
  readonly conditions: HostConditions | undefined
  readonly reach: (from: SocketAddress, to: SocketAddress) => Reach
  readonly nodeAt: (host: string) => StreamNode | undefined
}

export function startStreamNode(options: StreamNodeOptions): StreamNode {
  const { hosts, later, links, policy, conditions, reach, nodeAt } = options
  const ends = new Map<StreamId, End>()
  const listening = new Map<ListenerId, SocketAddress>()
  /** Asked for and not yet answered: the marker is what tells one asking from the next. */
  const binding = new Map<ListenerId, object>()
  const listenPorts: PortBook = { nextPort: undefined }
  const dialPorts: PortBook = { nextPort: undefined }
  const dialledFrom = new Map<StreamId, number>()
  const portsTaken = new Set<number>()
  let enter: (input: StreamInput | ListenerInput) => void = notStarted
  let nextStream = 1
  let failsNextAccept = false
  let isCrashed = false

  const add = (stream: StreamId): End => {
    const onOver = (): void => {
      ends.delete(stream)
      const port = dialledFrom.get(stream)
      if (port === undefined) return
      dialledFrom.delete(stream)
      portsTaken.delete(port)
    }
    const tell = (input: StreamInput): void => enter(input)
    const end = links.create({ stream, host: hosts[0] ?? '', conditions, tell, onOver })
    ends.set(stream, end)
    return end
  }

  const dial = (end: End, target: SocketAddress | undefined): void => {
    if (end.isOver) return
    if (target === undefined) return links.fail(end, 'bad-address')
    const host = sourceHost(hosts, undefined, target.host)
    if (host === undefined) return links.fail(end, 'unreachable')
    const port = freePort(dialPorts, (candidate) => portsTaken.has(candidate))
    if (port === undefined) return links.fail(end, 'too-many-open')
    dialledFrom.set(end.stream, port)
    portsTaken.add(port)

    const local = { host, port }
    const way = reach(local, target)
    if (way === 'silent') return
    if (policy === undefined) return answer(end, local, target, way)
    const passage = policy.dial(local, target)
    if (passage.isSilent) return
    end.passage = passage
    passage.out.carry(() => passage.back.carry(() => answer(end, local, target, way)))
  }

  /** The answer to a dial has come. */
  const answer = (end: End, local: SocketAddress, target: SocketAddress, way: Reach): void => {
    if (end.isOver || way === 'silent') return
    if (way !== 'open') return links.fail(end, way)
    const node = nodeAt(target.host)
    if (node === undefined) return links.fail(end, 'unreachable')
    const { passage } = end
    if (!node.listensAt(target) || passage?.isRefused() === true) return links.fail(end, 'refused')
    if (passage === undefined) later(() => node.accept(end, local, target))
    else passage.out.carry(() => node.accept(end, local, target))
    links.opened(end)
    enter({ kind: 'stream.opened', stream: end.stream, local, remote: target })
  }

  const listenerOf = (address: SocketAddress): ListenerId | undefined => {
    for (const [listener, bound] of listening) if (covers(bound, address)) return listener
    return undefined
  }

  const listenOn = (listener: ListenerId, asked: SocketAddress | undefined): void => {
    if (asked === undefined || !isOwnHost(hosts, asked.host)) {
      return enter({ kind: 'listener.failed', listener, fault: 'bad-address' })
    }
    const address = bindPort(listenPorts, asked, [...listening.values()])
    if (address === undefined) {
      return enter({ kind: 'listener.failed', listener, fault: 'address-in-use' })
    }
    listening.set(listener, address)
    enter({ kind: 'listener.listening', listener, address })
  }

  const withEnd = (stream: StreamId, act: (end: End) => void): void => {
    const end = ends.get(stream)
    if (end !== undefined) act(end)
  }

  return {
    streams: {
      start(input) {
        enter = enteredBy(enter, input)
      },
      open(stream, address) {
        if (isCrashed) return
        const end = add(stream)
        later(() => dial(end, targetAddress(address)))
      },
      listen(listener, address) {
        if (isCrashed) return
        const marker = {}
        binding.set(listener, marker)
        later(() => {
          if (binding.get(listener) !== marker) return
          binding.delete(listener)
          listenOn(listener, localAddress(address))
        })
      },
      unlisten(listener) {
        binding.delete(listener)
        listening.delete(listener)
      },
      write: (stream, bytes) => withEnd(stream, (end) => links.write(end, bytes)),
      pause: (stream) => withEnd(stream, links.pause),
      resume: (stream) => withEnd(stream, links.resume),
      report: (stream) => withEnd(stream, links.report),
      end: (stream) => withEnd(stream, links.finish),
      destroy: (stream) => withEnd(stream, links.release),
      held: () => ({ streams: ends.size, listeners: listening.size }),
    },
    listensAt: (address) => listenerOf(address) !== undefined,
    accept(dialler, from, to) {
      const listener = listenerOf(to)
      if (listener === undefined) return links.refuse(dialler)
      if (failsNextAccept || dialler.passage?.isOverload() === true) {
        failsNextAccept = false
        links.refuse(dialler)
        return enter({ kind: 'listener.overloaded', listener, fault: 'too-many-open' })
      }
      const stream = nextStream
      nextStream += 2
      links.join(dialler, add(stream))
      enter({ kind: 'listener.accepted', listener, stream, local: to, remote: from })
    },
    failNextAccept() {
      failsNextAccept = true
    },
    reset(stream) {
      const end = ends.get(stream)
      if (end === undefined) return
      if (end.far !== undefined) links.fail(end.far, 'reset')
      links.fail(end, 'reset')
    },
    loseNextSent(stream) {
      withEnd(stream, (end) => {
        end.losesNextSent = true
      })
    },
    crash() {
      isCrashed = true
      binding.clear()
      listening.clear()
      for (const end of [...ends.values()]) links.release(end)
    },
  }
}
