/**
 * How far a sub-protocol has come with what has an order, and the window that is being fetched.
 * @module
 */
import type { Progress } from '../messages.ts'
import { countWords, manyWords } from './words.ts'

const WIDTH = 320
const HEIGHT = 18
/** A part of the window is to be seen, however small it is beside the whole. */
const PART_WIDTH_MIN = 2

const WORDS = { asked: 'asked for', arrived: 'arrived', stored: 'stored' } as const
type PartState = keyof typeof WORDS

export function SyncWindow({ progress }: { readonly progress: Progress }) {
  const { done, total, what, window } = progress
  const end = Math.max(1, done, total ?? 0, ...window.map(({ to }) => to))
  const begin = Math.min(done, ...window.map(({ from }) => from))
  const at = (position: number): number =>
    end === begin ? 0 : ((position - begin) / (end - begin)) * WIDTH
  const counts = (Object.keys(WORDS) as PartState[]).map((is) => {
    const parts = window.filter((part) => part.is === is)
    return { is, count: parts.reduce((sum, part) => sum + part.to - part.from, 0) }
  })
  const inWindow = counts.filter(({ count }) => count > 0)
  const words = `${what}: ${countWords(done)} of ${total === null ? 'an unknown number' : countWords(total)}`
  return (
    <figure class="sync">
      <figcaption>{words}</figcaption>
      {total === null || total === 0 ? null : (
        <progress aria-label={what} max={total} value={Math.min(done, total)} />
      )}
      {window.length === 0 ? null : (
        <>
          <svg
            viewBox={`0 0 ${String(WIDTH)} ${String(HEIGHT)}`}
            preserveAspectRatio="none"
            role="img"
            aria-label={`The window from ${countWords(begin)}: ${manyWords(window.length, 'part')}`}
          >
            {window.map(({ connection, from, is, to }) => (
              <rect
                key={from}
                class={`part is-${is}`}
                x={at(from)}
                y={2}
                width={Math.max(PART_WIDTH_MIN, at(to) - at(from) - 0.5)}
                height={HEIGHT - 4}
              >
                <title>{`${countWords(from)} to ${countWords(to - 1)}, ${WORDS[is]}${connection === null ? '' : `, ${connection}`}`}</title>
              </rect>
            ))}
          </svg>
          <ul class="legend">
            {inWindow.map(({ count, is }) => (
              <li key={is} class={`is-${is}`}>{`${countWords(count)} ${WORDS[is]}`}</li>
            ))}
          </ul>
        </>
      )}
    </figure>
  )
}
