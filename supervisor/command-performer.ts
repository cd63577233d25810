/**
 * What the application asks of a node, done: each command within the step that it is. A node that is
 * over does nothing for anybody, and takes back what it was asked to keep.
 * @module
 */
import type { Instruction, NodePart, Protocol } from '../actors/protocol.ts'
import type { Router } from '../actors/router.ts'
import type { RootEvent } from '../machines/root.ts'
import type { ProtocolTypes } from '../machines/session.ts'
import type { StepLoop } from '../world/step-loop.ts'
import type { Timer } from '../world/timers.ts'
import type { ApplicationDesk } from './application.ts'
import type { Children } from './children.ts'
import type { Command } from './commands.ts'
import type { Connections } from './connections.ts'
import type { Handlers } from './handlers.ts'
import type { Peering } from './peering-contract.ts'
import type { Happening } from './waits.ts'

export interface CommandPerformerOptions<T extends ProtocolTypes> {
  readonly protocol: Protocol<T>
  readonly loop: StepLoop
  readonly router: Router<T>
  readonly handlers: Handlers
  readonly application: ApplicationDesk
  readonly nodePart: NodePart<T>
  readonly children: Children<T>
  readonly connections: Connections<T>
  readonly peering: Peering<T>
  isOver(): boolean
  send(event: RootEvent): void
  onHandlerGone(handler: number): void
  onHappening(happening: Happening): void
  onWaitOver(wait: number): void
}

/** What still has an effect when the node is over. */
const GIVING_BACK: ReadonlySet<Command['name']> = new Set([
  'release',
  'unhandle',
  'unname-handler',
  'unwait',
])

export function createCommandPerformer<T extends ProtocolTypes>(
  options: CommandPerformerOptions<T>,
): (command: Command) => void {
  const { application, children, connections, handlers, loop, nodePart, peering } = options
  const { protocol, router, send } = options
  const consumers = new Map<number, () => void>()
  const waits = new Map<number, Timer>()

  const disconnect = (peer: string): void => {
    const { addresses } = protocol
    const parsed = addresses.parse(peer)
    const address = 'address' in parsed ? parsed.address : undefined
    const key = address === undefined ? undefined : addresses.key(address)
    /** Whoever an address names is meant wherever it is, also where it came in. */
    const meant = address === undefined ? peer : addresses.identity(address)
    if (address !== undefined) peering.forget(address)
    const named = connections.find(peer)
    const forgotten = meant === undefined ? undefined : (named?.view.identity ?? meant)
    const theirs = forgotten === undefined ? [] : peering.forgetIdentity(forgotten)
    const keys = key === undefined ? [...theirs] : [key, ...theirs]
    for (const connection of connections.all()) {
      const { identity, target } = connection.view
      const at = target === undefined ? undefined : addresses.key(target)
      // A dial under way to where somebody was met is to him, until another one is found there.
      const isTarget =
        at !== undefined && (at === key || (identity === undefined && theirs.includes(at)))
      const isMeant = identity !== undefined && identity === meant
      if (connection !== named && !isMeant && !isTarget) continue
      if (target !== undefined) {
        peering.forget(target)
        keys.push(addresses.key(target))
      }
      connection.leave('disconnected')
    }
    options.onHappening({ type: 'connect.called-off', keys, identity: forgotten })
  }

  const wait = (number: number, ms: number): void => {
    const timer = loop.after(ms, () => {
      waits.delete(number)
      options.onWaitOver(number)
    })
    waits.set(number, timer)
  }

  const unwait = (number: number): void => {
    const timer = waits.get(number)
    if (timer !== undefined) loop.cancel(timer)
    waits.delete(number)
  }

  return (command) => {
    if (options.isOver() && !GIVING_BACK.has(command.name)) return
    switch (command.name) {
      case 'start':
        send({ type: 'start' })
        return
      case 'stop':
        send({ type: 'stop', graceMs: command.graceMs })
        return
      case 'connect': {
        const { address } = command
        const parsed = protocol.addresses.parse(address)
        options.onHappening({ type: 'connect.begun', command })
        const barredMs = 'address' in parsed ? peering.connect(parsed.address) : undefined
        if (barredMs === undefined) return
        options.onHappening({ type: 'connect.barred', address, ms: barredMs })
        return
      }
      case 'disconnect':
        disconnect(command.peer)
        return
      case 'ban':
        peering.ban(command.key, command.ms, command.why)
        return
      case 'unban':
        peering.unban(command.key)
        return
      case 'pause':
        peering.pause()
        return
      case 'resume':
        peering.resume()
        return
      case 'restart':
        children.again(command.child)
        return
      case 'send':
        connections.get(command.connection)?.queueReserved(command.message)
        return
      case 'consume':
        consumers.set(command.consumer, router.consume(command.type, command.views))
        return
      case 'release':
        consumers.get(command.consumer)?.()
        consumers.delete(command.consumer)
        return
      case 'handle':
        handlers.add(command.handler, command.type, command.deadlineMs)
        return
      case 'unhandle':
        handlers.remove(command.handler)
        options.onHandlerGone(command.handler)
        return
      case 'name-handler': {
        const { deadlineMs, handler, key, what } = command
        const replaced = application.name(what, key, handler, deadlineMs)
        if (replaced !== undefined) options.onHandlerGone(replaced)
        return
      }
      case 'unname-handler':
        application.unname(command.handler)
        options.onHandlerGone(command.handler)
        return
      case 'call':
        application.call(command.number, command.call)
        return
      case 'call-off':
        application.callOff(command.number)
        return
      case 'instruct':
        // Of the network's own types: it was given to its own supervisor.
        nodePart.instruct?.(command.instruction as Instruction<T>)
        children.instruct(command.instruction as Instruction<T>)
        peering.reconsider()
        return
      case 'wait':
        wait(command.wait, command.ms)
        return
      case 'unwait':
        unwait(command.wait)
        return
    }
  }
}
