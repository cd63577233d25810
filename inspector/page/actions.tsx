/**
 * What a person can do to a node from the page, where the node allows it. Each action is asked for
 * twice: once to choose it, once to mean it.
 * @module
 */
import { useState } from 'preact/hooks'
import type { Action } from '../messages.ts'
import { useStatus } from './hooks.ts'
import { useServer } from './server.ts'

interface Choice {
  readonly title: string
  /** What is asked before it is done. */
  readonly question: string
  readonly action: Action
}

type Stage =
  | { readonly is: 'idle' }
  | { readonly is: 'asked'; readonly choice: Choice }
  | { readonly is: 'sent' }
  | { readonly is: 'answered'; readonly words: string; readonly isBad: boolean }

export function Actions({ choices }: { readonly choices: readonly Choice[] }) {
  const status = useStatus()
  const server = useServer()
  const [stage, setStage] = useState<Stage>({ is: 'idle' })
  if (status.is !== 'live' || !status.hello.actions) return null

  const perform = ({ action, title }: Choice): void => {
    setStage({ is: 'sent' })
    server.act(action).then(
      (answer) => {
        const isBad = 'refused' in answer
        setStage({
          is: 'answered',
          words: isBad ? answer.refused.message : `${title}: done.`,
          isBad,
        })
      },
      () => {
        setStage({ is: 'answered', words: 'The node did not answer.', isBad: true })
      },
    )
  }

  if (stage.is === 'asked') {
    const { choice } = stage
    return (
      <div class="actions" role="group" aria-label={choice.question}>
        <span>{choice.question}</span>
        <button
          type="button"
          class="is-bad"
          ref={(button) => {
            button?.focus()
          }}
          onClick={() => {
            perform(choice)
          }}
        >
          {choice.title}
        </button>
        <button
          type="button"
          onClick={() => {
            setStage({ is: 'idle' })
          }}
        >
          No
        </button>
      </div>
    )
  }
  return (
    <div class="actions" role="group" aria-label="Actions">
      {choices.map((choice) => (
        <button
          key={choice.title}
          type="button"
          disabled={stage.is === 'sent'}
          onClick={() => {
            setStage({ is: 'asked', choice })
          }}
        >
          {choice.title} …
        </button>
      ))}
      <span role="status" class={stage.is === 'answered' && stage.isBad ? 'bad' : ''}>
        {stage.is === 'answered' ? stage.words : ''}
      </span>
    </div>
  )
}

export function ConnectionActions(props: {
  readonly node: string
  readonly connection: string
  /** Whom a ban keeps out. Undefined: nobody can be named. */
  readonly subject: string | undefined
}) {
  const { connection, node, subject } = props
  return (
    <Actions
      choices={[
        {
          title: 'Disconnect',
          question: `Disconnect ${connection}?`,
          action: { do: 'disconnect', node, connection },
        },
        ...(subject === undefined
          ? []
          : [
              {
                title: 'Ban',
                question: `Ban ${subject} for as long as the network says?`,
                action: { do: 'ban', node, subject, forMs: null },
              } as const,
            ]),
      ]}
    />
  )
}
