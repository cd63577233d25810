/**
 * The way in for what an application asks of a node. Within a step a command waits for its end, and so
 * many may wait: one more is refused before anything was changed for it.
 * @module
 */
import type { StepLoop } from '../world/step-loop.ts'
import type { Command } from './commands.ts'
import { PeerloomError } from '../world/errors.ts'

/**
 * How many must have room for a command to be taken. What gives back or calls off something that was
 * asked for is always taken, and is bounded by that. What is waited for is asked right behind the wait.
 */
const ROOM: Readonly<Partial<Record<Command['name'], number>>> = {
  'call-off': 0,
  release: 0,
  stop: 0,
  unhandle: 0,
  'unname-handler': 0,
  unwait: 0,
  wait: 2,
}

/** What it returns throws a PeerloomError, `busy`, where a command is refused. */
export function createCommandEntry(loop: StepLoop): (command: Command) => void {
  return (command) => {
    if (loop.commandRoom < (ROOM[command.name] ?? 1)) {
      throw new PeerloomError(
        'busy',
        'too much was asked within one call: ask for the rest when that is over',
      )
    }
    loop.enter({ kind: 'command', command })
  }
}
