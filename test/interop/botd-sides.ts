/**
 * A supervised node of the BOTD network on real sockets, and an independent peer that it holds a session
 * with, in either role.
 * @module
 */
import { createSupervisor } from '../../index.ts'
import type { CryptoBackend, Protocol, Supervisor, SupervisorEvent } from '../../index.ts'
import { botd } from '../../protocols/botd.ts'
import type { BotdMessage, BotdOptions, BotdTypes } from '../../protocols/botd.ts'
import { tcp } from '../../transport/tcp.ts'
import { botdIdentity } from './botd-peer-messages.ts'
import { startBotdTcpHost } from './botd-peer-tcp.ts'
import type { BotdSeat, BotdTcpPeer } from './botd-peer-tcp.ts'
import { LOOPBACK } from './tcp-host.ts'

export const OURS = botdIdentity('interop, ours')
export const RAW = botdIdentity('interop, raw')
export const OTHER = botdIdentity('interop, somebody else')

/** Of our node. */
export const ROLES = ['listener', 'dialler'] as const
export type OurRole = (typeof ROLES)[number]

type EventOf<Type extends SupervisorEvent['type']> = Extract<SupervisorEvent, { type: Type }>

/** The events of a node, and whoever waits for one of them. */
function watchEvents(supervisor: Supervisor<BotdTypes>) {
  const events: SupervisorEvent[] = []
  const looking = new Set<() => void>()
  supervisor.events.subscribe((event) => {
    events.push(event)
    for (const look of looking) look()
  })
  const eventsOf = <Type extends SupervisorEvent['type']>(type: Type) =>
    events.filter((event): event is EventOf<Type> => event.type === type)
  return {
    eventsOf,
    /** The event of this type with this number, from 1 on, once it is there. */
    eventOf: <Type extends SupervisorEvent['type']>(type: Type, number = 1) =>
      new Promise<EventOf<Type>>((resolve) => {
        const look = (): void => {
          const event = eventsOf(type)[number - 1]
          if (event === undefined) return
          looking.delete(look)
          resolve(event)
        }
        looking.add(look)
        look()
      }),
  }
}

export interface SidesOptions extends Partial<BotdOptions> {
  /** Left out: whatever a node chooses by itself. */
  readonly backend?: CryptoBackend
  /** What stands between the manifest and the node. */
  readonly change?: (protocol: Protocol<BotdTypes>) => Protocol<BotdTypes>
}

/** A node of ours that listens, and a host for independent peers. Nobody has met yet. */
export async function startSides({ backend, change, ...options }: SidesOptions = {}) {
  const host = startBotdTcpHost()
  const protocol = botd({ privateKey: OURS.privateKey, ...options })
  const supervisor = createSupervisor({
    protocol: change?.(protocol) ?? protocol,
    transport: tcp(),
    listen: [`${LOOPBACK}:0`],
    ...(backend === undefined ? {} : { world: { crypto: backend } }),
  })
  const { eventOf, eventsOf } = watchEvents(supervisor)
  const heard: BotdMessage[] = []
  const waiting = new Set<() => void>()
  supervisor.messages('app').subscribe(({ message }) => {
    heard.push(message)
    for (const look of waiting) look()
  })
  await supervisor.start()
  const port = supervisor.listening[0]?.port ?? 0
  return {
    ...{ eventOf, eventsOf, host, port, supervisor },
    /** What our node's application has heard, once it is so much. */
    heardApps: (count: number) =>
      new Promise<readonly Extract<BotdMessage, { type: 'app' }>[]>((resolve) => {
        const look = (): void => {
          if (heard.length < count) return
          waiting.delete(look)
          resolve(heard.flatMap((message) => (message.type === 'app' ? [message] : [])))
        }
        waiting.add(look)
        look()
      }),
    /** A session in which our node has this role: both sides have confirmed. */
    meet: (role: OurRole, seat: BotdSeat = {}) => meet(role, { identity: RAW, ...seat }),
    async [Symbol.asyncDispose]() {
      await supervisor.stop()
      await host[Symbol.asyncDispose]()
    },
  }

  async function meet(role: OurRole, seat: BotdSeat): Promise<BotdTcpPeer> {
    if (role === 'listener') {
      const active = eventsOf('connection.active').length
      const raw = await host.talkTo(port, OURS.publicKey, seat)
      await eventOf('connection.active', active + 1)
      return raw
    }
    const { address, nextSession } = await host.listen(seat)
    const connected = supervisor.connect(address)
    const raw = await nextSession()
    await connected
    return raw
  }
}

export type Sides = Awaited<ReturnType<typeof startSides>>
export type { BotdTcpPeer }
