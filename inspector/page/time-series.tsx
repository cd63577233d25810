/**
 * Numbers over time as a small line chart: a scale that begins at zero, one line a number.
 * @module
 */
import { timeWords } from './words.ts'

export interface SeriesLine {
  readonly title: string
  /** One a moment; null: not known, and the line is broken. */
  readonly values: readonly (number | null)[]
}

export interface TimeSeriesProps {
  readonly title: string
  readonly atMs: readonly number[]
  /** At most three: each has a stroke of its own. */
  readonly lines: readonly SeriesLine[]
  readonly words: (value: number) => string
  /** Their scale ends at a round number of KiB, MiB ... */
  readonly isBytes?: boolean
}

const WIDTH = 320
const HEIGHT = 96

/** 1, 2 or 5 times a power of ten, so that the scale can be read. */
function scaleOf(largest: number): number {
  if (largest <= 0) return 1
  let power = 1
  while (power * 10 <= largest) power *= 10
  while (power > largest) power /= 10
  const step = [1, 2, 5, 10].find((one) => one * power >= largest) ?? 10
  return step * power
}

const isKnown = (value: number | null | undefined): value is number => value != null

interface Paths {
  readonly line: string
  /** Moments with none beside them: points. */
  readonly alone: string
}

function bytesScaleOf(largest: number): number {
  let unit = 1
  while (unit * 1_024 <= largest) unit *= 1_024
  return scaleOf(largest / unit) * unit
}

function pathsOf(values: readonly (number | null)[], top: number): Paths {
  const step = WIDTH / Math.max(1, values.length - 1)
  let line = ''
  let alone = ''
  values.forEach((value, place) => {
    if (value === null) return
    const point = `${(place * step).toFixed(1)} ${(HEIGHT - (value / top) * HEIGHT).toFixed(1)}`
    const [before, after] = [values[place - 1], values[place + 1]]
    if (isKnown(before)) line += `L${point}`
    else if (isKnown(after)) line += `M${point}`
    else alone += `M${point}h0`
  })
  return { line, alone }
}

export function TimeSeries(props: TimeSeriesProps) {
  const { atMs, isBytes = false, lines, title, words } = props
  const largest = Math.max(0, ...lines.flatMap(({ values }) => values.filter(isKnown)))
  const top = isBytes ? bytesScaleOf(largest) : scaleOf(largest)
  const [first, last] = [atMs[0], atMs.at(-1)]
  const now = lines.map((line) => {
    const value = line.values.findLast(isKnown)
    return `${line.title} ${value === undefined ? 'not known' : words(value)}`
  })
  return (
    <figure class="series">
      <figcaption>{title}</figcaption>
      <div class="plot">
        <span class="scale">{words(top)}</span>
        <svg
          viewBox={`0 0 ${String(WIDTH)} ${String(HEIGHT)}`}
          preserveAspectRatio="none"
          role="img"
          aria-label={`${title}: now ${now.join(', ')}; the scale ends at ${words(top)}`}
        >
          <path class="grid" d={`M0 ${String(HEIGHT / 2)}H${String(WIDTH)}M0 0H${String(WIDTH)}`} />
          {lines.map(({ title: name, values }, place) => {
            const { alone, line } = pathsOf(values, top)
            const kind = `line-${String(place)}`
            return (
              <g key={name}>
                <path class={`line ${kind}`} d={line} />
                <path class={`alone ${kind}`} d={alone} />
              </g>
            )
          })}
        </svg>
        <span class="scale">0</span>
      </div>
      <p class="axis">
        <span>{first === undefined ? '' : timeWords(first).slice(0, 8)}</span>
        <span>{last === undefined ? '' : timeWords(last).slice(0, 8)}</span>
      </p>
      <ul class="legend">
        {now.map((one, place) => (
          <li key={one} class={`line-${String(place)}`}>
            {one}
          </li>
        ))}
      </ul>
    </figure>
  )
}
