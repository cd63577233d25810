/**
 * A step of a journal as the beginning of a test, or why it cannot be one.
 * @module
 */
import { useState } from 'preact/hooks'
import type { JournalAnswer, JournalOpened } from '../messages.ts'
import { Waiting } from './parts.tsx'
import { useServer } from './server.ts'

function wordsOf(answer: JournalAnswer): string {
  if ('refused' in answer) return answer.refused.message
  if (!('forked' in answer)) return 'The node answered something else.'
  const { copy, file } = answer.forked
  return copy === null ? `Written: ${file}` : `Written: ${file}, and what it reads: ${copy}`
}

export function Fork(props: {
  readonly opened: JournalOpened
  readonly step: number
  /** Null: the node has no folder of recordings; undefined: it has not said yet. */
  readonly recordDir: string | null | undefined
}) {
  const { opened, recordDir, step } = props
  const server = useServer()
  const [file, setFile] = useState(`${opened.name.replaceAll(/[^A-Za-z0-9]+/g, '-')}.test.ts`)
  const [words, setWords] = useState('')
  if (opened.unforkable !== null) {
    return <p class="faint">{`No test can begin here: ${opened.unforkable}.`}</p>
  }
  if (recordDir === undefined) return <Waiting />
  if (recordDir === null) {
    return (
      <p class="faint">
        A test that goes on from here is written into the folder of <code>--record-dir</code>, which
        this node was not given.
      </p>
    )
  }
  const isCopied = opened.file === null && opened.of !== 'flight'
  return (
    <form
      class="fork"
      onSubmit={(event) => {
        event.preventDefault()
        setWords('It is written …')
        server.journal({ fork: step, journal: opened.journal, file }).then(
          (answer) => {
            setWords(wordsOf(answer))
          },
          () => {
            setWords('The node did not answer.')
          },
        )
      }}
    >
      <label>
        A test that goes on from here, in the folder of journals
        <input
          type="text"
          required
          value={file}
          onInput={({ currentTarget }) => {
            setFile(currentTarget.value)
          }}
        />
      </label>
      {isCopied ? (
        <p class="faint">
          The journal was uploaded: a copy of it, with the secrets that it holds, is kept beside the
          test.
        </p>
      ) : null}
      <button type="submit">Write it</button>
      <span role="status">{words}</span>
    </form>
  )
}
