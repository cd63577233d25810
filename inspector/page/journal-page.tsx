/**
 * Time travel begins: a journal of the node's folder, one from this person's disk, or what the flight
 * recorder keeps of a connection is opened.
 * @module
 */
import { useEffect, useRef, useState } from 'preact/hooks'
import type { JournalAnswer, JournalOpened, JournalRequest } from '../messages.ts'
import { useHello } from './hooks.ts'
import { JournalSession } from './journal-session.tsx'
import { Section, Waiting } from './parts.tsx'
import { useServer } from './server.ts'
import { bytesWords } from './words.ts'

/** The server takes no more. */
const UPLOAD_BYTES_MAX = 16 * 1024 * 1024

type Stage =
  | { readonly is: 'choosing' }
  | { readonly is: 'opening'; readonly name: string }
  | { readonly is: 'open'; readonly opened: JournalOpened }

/** Bytes of a file as base64, read by the browser itself. */
function base64Of(file: File): Promise<string> {
  return new Promise((resolve, reject) => {
    const reader = new FileReader()
    reader.addEventListener('load', () => {
      const { result } = reader
      resolve(typeof result === 'string' ? result.slice(result.indexOf(',') + 1) : '')
    })
    reader.addEventListener('error', () => {
      reject(new Error('the file cannot be read'))
    })
    reader.readAsDataURL(file)
  })
}

function Files(props: {
  readonly recordDir: string
  readonly onOpen: (name: string, request: JournalRequest) => void
}) {
  const { onOpen, recordDir } = props
  const server = useServer()
  const [answer, setAnswer] = useState<JournalAnswer>()
  useEffect(() => {
    let isWanted = true
    server.journal({ list: true }).then(
      (given) => {
        if (isWanted) setAnswer(given)
      },
      () => undefined,
    )
    return () => {
      isWanted = false
    }
  }, [server])
  return (
    <Section title="Journals of the node">
      <p class="faint">
        In <span class="mono">{recordDir}</span>
      </p>
      {answer === undefined ? (
        <Waiting words="The folder is read …" />
      ) : 'files' in answer ? (
        <ul class="files">
          {answer.files.map(({ bytes, file }) => (
            <li key={file}>
              <span class="mono">{file}</span>
              <span class="faint">{bytesWords(bytes)}</span>
              <button
                type="button"
                onClick={() => {
                  onOpen(file, { open: 'file', file })
                }}
              >
                Open {file}
              </button>
            </li>
          ))}
          {answer.files.length === 0 ? <li class="faint">There is none yet.</li> : null}
          {answer.more === 0 ? null : (
            <li class="faint">
              {answer.more} more are not listed: these are the first {answer.files.length} by name.
            </li>
          )}
        </ul>
      ) : (
        <p class="bad">{'refused' in answer ? answer.refused.message : ''}</p>
      )}
    </Section>
  )
}

function Upload(props: { readonly onFile: (file: File) => void }) {
  return (
    <Section title="A journal of yours">
      <label class="upload">
        A file of <code>peerloom node --record</code>, at most {bytesWords(UPLOAD_BYTES_MAX)}. It is
        read by the node, and written nowhere unless it is forked.
        <input
          type="file"
          onChange={({ currentTarget }) => {
            const file = currentTarget.files?.[0]
            if (file !== undefined) props.onFile(file)
          }}
        />
      </label>
    </Section>
  )
}

export interface JournalPageProps {
  /** The connection whose flight recorder is opened. */
  readonly flight?: { readonly node: string; readonly connection: string }
}

export function JournalPage({ flight }: JournalPageProps) {
  const server = useServer()
  const recordDir = useHello()?.recordDir
  const [stage, setStage] = useState<Stage>({ is: 'choosing' })
  const [wrong, setWrong] = useState<string>()
  const current = useRef<string>(undefined)
  /** What was asked for before it was left is wanted no more. */
  const visit = useRef(0)

  // The node holds a few at a time, and lets go of the oldest by itself.
  const giveBack = (journal: string): void => {
    server.journal({ close: journal }).catch(() => undefined)
  }

  const open = (name: string, request: JournalRequest): void => {
    const mine = visit.current
    setWrong(undefined)
    setStage({ is: 'opening', name })
    server.journal(request).then(
      (answer) => {
        if (visit.current !== mine) {
          if ('opened' in answer) giveBack(answer.opened.journal)
          return
        }
        if ('opened' in answer) {
          current.current = answer.opened.journal
          setStage({ is: 'open', opened: answer.opened })
          return
        }
        setWrong('refused' in answer ? answer.refused.message : 'The node answered something else.')
        setStage({ is: 'choosing' })
      },
      () => {
        if (visit.current !== mine) return
        setWrong('The node did not answer.')
        setStage({ is: 'choosing' })
      },
    )
  }

  const close = (): void => {
    const journal = current.current
    current.current = undefined
    visit.current++
    if (journal !== undefined) giveBack(journal)
  }

  const openUpload = (file: File): void => {
    if (file.size > UPLOAD_BYTES_MAX) {
      setWrong(`${file.name} is larger than ${bytesWords(UPLOAD_BYTES_MAX)}.`)
      return
    }
    const mine = visit.current
    base64Of(file).then(
      (base64) => {
        if (visit.current === mine) open(file.name, { open: 'bytes', name: file.name, base64 })
      },
      () => {
        setWrong(`${file.name} cannot be read.`)
      },
    )
  }

  useEffect(() => {
    if (flight !== undefined) open(flight.connection, { open: 'flight', ...flight })
    return close
  }, [flight?.node, flight?.connection])

  if (stage.is === 'open') {
    return (
      <JournalSession
        key={stage.opened.journal}
        opened={stage.opened}
        recordDir={recordDir}
        onClose={() => {
          close()
          setStage({ is: 'choosing' })
        }}
      />
    )
  }
  return (
    <>
      <h1>Journals</h1>
      {wrong === undefined ? null : (
        <p class="notice is-bad" role="alert">
          {wrong}
        </p>
      )}
      {stage.is === 'opening' ? <Waiting words={`${stage.name} is opened …`} /> : null}
      {recordDir === undefined ? (
        <Waiting />
      ) : recordDir === null ? (
        <p class="faint">
          The node keeps no journals: <code>--record-dir</code> names a folder for them. What the
          flight recorder keeps of a connection is opened at the connection.
        </p>
      ) : (
        <Files recordDir={recordDir} onOpen={open} />
      )}
      <Upload onFile={openUpload} />
    </>
  )
}
