/**
 * A command that a network brings, on a supervisor: what it is lent, and what it is told. Who prints, who waits and
 * who ends is handed in.
 * @module
 */
import type { CommandNode, CommandRun, ToolCommand } from '../../actors/tool-command.ts'
import type { ToolValues } from '../../actors/protocol-tools.ts'
import { PeerloomError } from '../../index.ts'
import type { ProtocolTypes, Supervisor, SupervisorEvent } from '../../index.ts'

export interface CommandPlace<T extends ProtocolTypes> extends Pick<
  CommandNode<T>,
  'after' | 'end' | 'tell'
> {
  /** The node is over, or was asked for what it does not do. */
  failed(error: unknown): void
}

/** Whether it comes up is told by events; that it is no longer wanted was the command's own wish. */
const EXPECTED: ReadonlySet<string> = new Set(['aborted', 'refused', 'stopped', 'timed-out'])

/** The supervisor runs already. @throws {RangeError} as the command's `start` */
export function startCommandOn<T extends ProtocolTypes>(
  supervisor: Pick<
    Supervisor<T>,
    'connect' | 'connections' | 'disconnect' | 'events' | 'messages' | 'send'
  >,
  command: ToolCommand<T>,
  values: ToolValues,
  { after, end, failed, tell }: CommandPlace<T>,
): CommandRun<T> {
  const run = command.start(values, {
    ...{ after, end, tell },
    dial(address) {
      supervisor.connect(address).catch((error: unknown) => {
        if (error instanceof PeerloomError && EXPECTED.has(error.code)) return
        failed(error)
      })
    },
    letGo(address) {
      supervisor.disconnect(address)
    },
    send(connection, message) {
      supervisor.send(connection, message)
    },
  })
  supervisor.events.subscribe((event) => {
    tellRun(run, supervisor, event)
  })
  for (const type of command.hears) {
    supervisor.messages(type).subscribe(({ message, peer }) => {
      run.message(peer.address, message)
    })
  }
  return run
}

function tellRun<T extends ProtocolTypes>(
  run: CommandRun<T>,
  { connections }: Pick<Supervisor<T>, 'connections'>,
  event: SupervisorEvent,
): void {
  switch (event.type) {
    case 'connection.started':
      run.started(event.address)
      break
    case 'connection.active': {
      const info = connections().find(({ name }) => name === event.connection)
      if (info !== undefined) run.active(info)
      break
    }
    case 'connection.closed':
      run.closed(event)
      break
    default:
  }
}
