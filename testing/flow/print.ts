/**
 * A flow as TypeScript code: the chain that a person would have written, to be read and edited.
 * @module
 */
import type { ProtocolTypes } from '../../machines/session.ts'
import { literalOf } from './literals.ts'
import type { FlowStep } from './step.ts'

export interface PrintFlowOptions {
  /** The code of the manifest. Left out: `protocol`. */
  readonly protocol?: string
  /** The code of the flow's options. Left out: none. */
  readonly options?: string
}

/** What stands between the brackets of a step's call. */
function argumentOf<T extends ProtocolTypes>(step: FlowStep<T>): readonly [] | readonly [unknown] {
  switch (step.do) {
    case 'receive': {
      const [first] = step.messages
      return [first !== undefined && step.messages.length === 1 ? first : step.messages]
    }
    case 'receiveBytes':
    case 'expectSentBytes':
      return [step.bytes]
    case 'advance':
      return [step.ms]
    case 'send':
      return [step.message]
    case 'expectSent':
    case 'expectDelivered':
    case 'expectEvent':
      return [step.what]
    case 'expectState':
      return [step.state]
    case 'expectClosed':
      return step.how === undefined ? [] : [step.how]
    case 'connect':
    case 'disconnect':
    case 'end':
    case 'reset':
    case 'expectNothingSent':
      return []
  }
}

/**
 * The code needs `flow` and `hex` of `peerloom/testing` in its scope, and what `protocol` and
 * `options` name. Run, it takes the same steps.
 * @throws {TypeError} a step holds what is no plain data
 */
export function printFlow<T extends ProtocolTypes>(
  steps: readonly FlowStep<T>[],
  { options, protocol = 'protocol' }: PrintFlowOptions = {},
): string {
  const head = options === undefined ? `flow(${protocol})` : `flow(${protocol}, ${options})`
  const calls = steps.map((step) => {
    const before = `.${step.do}()`.length
    const given = argumentOf(step).map((argument) => literalOf(argument, 2, before))
    return `  .${step.do}(${given.join(', ')})\n`
  })
  return `${head}\n${calls.join('')}  .done()\n`
}
