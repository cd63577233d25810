/**
 * What was said between us and a peer, as a sequence diagram: two lines of life, an arrow a message,
 * the newest one at the bottom, in view as long as nobody looks at an older one.
 * @module
 */
import { useEffect, useRef } from 'preact/hooks'
import type { MessageEntry } from '../messages.ts'
import { Time } from './parts.tsx'
import { countWords, manyWords, messageBytesWords } from './words.ts'

/** Pixels from the end within which one looks at the newest. */
const NEAR = 40

function Message({ message }: { readonly message: MessageEntry }) {
  const { atMs, bytes, count, direction, type } = message
  const isRefused = type.startsWith('refused: ')
  return (
    <li class={`message is-${direction}${isRefused ? ' is-refused' : ''}`}>
      <Time atMs={atMs} />
      <div class="arrow">
        <span class="said">
          <span class="hidden">{direction} </span>
          <span class="mono">{type}</span>
          {count === 1 ? null : <span class="times">×{countWords(count)}</span>}
          <span class="faint">{messageBytesWords(direction, type, bytes)}</span>
        </span>
        <svg viewBox="0 0 100 8" preserveAspectRatio="none" aria-hidden="true">
          <path d="M0 4H100" vector-effect="non-scaling-stroke" />
        </svg>
      </div>
    </li>
  )
}

export function Sequence(props: {
  readonly messages: readonly MessageEntry[]
  readonly passedOver: number
  readonly us: string
  readonly peer: string
  /** What stands there where nothing was said. */
  readonly none?: string
}) {
  const { messages, passedOver, peer, us } = props
  const { none = 'Nothing was said since this connection is followed.' } = props
  const list = useRef<HTMLOListElement>(null)
  const isNear = useRef(true)
  const newest = messages.at(-1)?.number ?? 0
  useEffect(() => {
    if (isNear.current && list.current !== null) list.current.scrollTop = list.current.scrollHeight
  }, [newest])
  return (
    <div class="sequence">
      <div class="ends">
        <span>{us}</span>
        <span>{peer}</span>
      </div>
      {messages.length === 0 ? (
        <p class="faint empty">{none}</p>
      ) : (
        <ol
          ref={list}
          tabIndex={0}
          aria-label="Messages, the newest one last"
          onScroll={({ currentTarget }) => {
            const { clientHeight, scrollHeight, scrollTop } = currentTarget
            isNear.current = scrollHeight - scrollTop - clientHeight < NEAR
          }}
        >
          {messages.map((message) => (
            <Message key={message.number} message={message} />
          ))}
        </ol>
      )}
      {passedOver === 0 ? null : (
        <p class="faint">{manyWords(passedOver, 'message')} passed over between them</p>
      )}
    </div>
  )
}
