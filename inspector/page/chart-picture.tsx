/**
 * A chart drawn: the states that it is in are lit, the ways that it went are drawn strongly, and what
 * can happen next is marked.
 * @module
 */
import { useEffect, useRef, useState } from 'preact/hooks'
import type { ChartGeometry, DrawnLabel, DrawnLine, DrawnState, Point } from '../chart-geometry.ts'
import { linePath } from '../line-path.ts'
import { useLeftMs } from './deadlines.tsx'
import type { Running } from './deadlines.tsx'
import type { Lit } from './lit.ts'
import { leftWords } from './words.ts'

export interface ChartPictureProps {
  readonly geometry: ChartGeometry
  readonly lit: Lit
  /** Those that run count down at their transitions. */
  readonly deadlines: readonly Running[]
  /** What a screen reader says of it. */
  readonly words: string
}

type Text = ChartGeometry['text']

const names = (...given: readonly (string | false)[]): string => given.filter(Boolean).join(' ')

function StateBox({
  lit,
  state,
  text,
}: {
  readonly lit: Lit
  readonly state: DrawnState
  readonly text: Text
}) {
  const { height, id, rows, shape, title, width, x, y } = state
  const { lineHeight, padding, titleHeight } = text
  const isActive = shape !== 'anywhere' && lit.active.has(id)
  const kind = names(
    'box',
    `is-${shape}`,
    isActive && 'is-active',
    shape !== 'anywhere' && lit.visited.has(id) && 'is-visited',
  )
  return (
    <g class={kind} data-state={shape === 'anywhere' ? undefined : id}>
      <rect x={x} y={y} width={width} height={height} rx={shape === 'history' ? height / 2 : 6} />
      {shape === 'final' ? (
        <rect class="inner" x={x + 3} y={y + 3} width={width - 6} height={height - 6} rx={4} />
      ) : null}
      <text class="title" x={x + padding} y={y + titleHeight - 3}>
        {title}
      </text>
      {rows.map((row, place) => (
        <text
          key={place}
          class={names(
            'row',
            row.transition !== undefined && lit.next.has(row.transition) && 'is-next',
          )}
          x={x + padding}
          y={y + titleHeight + (place + 1) * lineHeight - 2}
        >
          {row.text}
        </text>
      ))}
    </g>
  )
}

function Left({ deadline, fromMs, x, y }: Running & Point) {
  const leftMs = useLeftMs({ deadline, fromMs })
  return (
    <text class="left" x={x} y={y}>
      {leftWords(leftMs)}
    </text>
  )
}

function Label(props: {
  readonly label: DrawnLabel
  readonly lit: Lit
  readonly running: Running | undefined
  readonly text: Text
}) {
  const { label, lit, running, text } = props
  const { height, lines, transition, width, x, y } = label
  const kind = names(
    'label',
    lit.next.has(transition) && 'is-next',
    lit.taken.has(transition) && 'is-taken',
  )
  const lineAt = (place: number): number => y + (place + 1) * text.lineHeight - 4
  return (
    <g class={kind} data-transition={transition}>
      <rect x={x} y={y} width={width} height={height} rx={3} />
      {lines.map((line, place) => (
        <text key={place} class={place === 0 ? 'on' : 'row'} x={x + 4} y={lineAt(place)}>
          {line}
        </text>
      ))}
      {running === undefined ? null : <Left {...running} x={x + width + 4} y={lineAt(0)} />}
    </g>
  )
}

function Line({ line, lit }: { readonly line: DrawnLine; readonly lit: Lit }) {
  const isTaken = line.labels.some(({ transition }) => lit.taken.has(transition))
  return (
    <path
      class={names('line', isTaken && 'is-taken')}
      d={linePath(line.points)}
      marker-end={`url(#head${isTaken ? '-taken' : ''})`}
    />
  )
}

function Heads() {
  return (
    <defs>
      {['head', 'head-taken'].map((id) => (
        <marker
          key={id}
          id={id}
          class={id}
          viewBox="0 0 8 8"
          refX={7}
          refY={4}
          markerWidth={8}
          markerHeight={8}
          markerUnits="userSpaceOnUse"
          orient="auto"
        >
          <path d="M0 0L8 4L0 8z" />
        </marker>
      ))}
    </defs>
  )
}

/** To the middle of what is seen of the chart, as far as it goes. */
function follow(around: HTMLElement): void {
  const boxes = around.querySelectorAll('.is-active:not(.is-group, .is-region)')
  const box = boxes.item(boxes.length - 1) as Element | null
  if (box === null) return
  const [outer, inner] = [around.getBoundingClientRect(), box.getBoundingClientRect()]
  around.scrollLeft += inner.left + inner.width / 2 - (outer.left + outer.width / 2)
  around.scrollTop += inner.top + inner.height / 2 - (outer.top + outer.height / 2)
}

/** Keeps the state that is lit where it can be seen, whenever another one is, or the room is another. */
function useFollowing(active: string) {
  const place = useRef<HTMLDivElement>(null)
  useEffect(() => {
    const around = place.current
    if (around === null) return undefined
    const observer = new ResizeObserver(() => {
      follow(around)
    })
    // It is told once at the beginning.
    observer.observe(around)
    return () => {
      observer.disconnect()
    }
  }, [active])
  return place
}

export function ChartPicture({ deadlines, geometry, lit, words }: ChartPictureProps) {
  const { height, lines, starts, states, text, width } = geometry
  const [isWhole, setWhole] = useState(false)
  const place = useFollowing([...lit.active].join())
  const runningAt = (transition: string) =>
    deadlines.find(({ deadline }) => deadline.transition === transition)
  return (
    <>
      <label class="choice">
        <input
          type="checkbox"
          checked={isWhole}
          onChange={({ currentTarget }) => {
            setWhole(currentTarget.checked)
          }}
        />
        the whole chart at once
      </label>
      <div
        class={names('chart', isWhole && 'is-whole')}
        ref={place}
        tabIndex={0}
        role="region"
        aria-label="Statechart"
      >
        <svg
          viewBox={`0 0 ${String(width)} ${String(height)}`}
          width={width}
          height={height}
          role="img"
          aria-label={words}
        >
          <Heads />
          {states.map((state) => (
            <StateBox key={`${state.shape} ${state.id}`} lit={lit} state={state} text={text} />
          ))}
          {starts.map(({ of, x, y }) => (
            <circle key={of} class="start" cx={x} cy={y} r={5} />
          ))}
          {lines.map((line, at) => (
            <Line key={at} line={line} lit={lit} />
          ))}
          {lines.flatMap(({ labels }, at) =>
            labels.map((label) => (
              <Label
                key={`${String(at)} ${label.transition}`}
                label={label}
                lit={lit}
                running={runningAt(label.transition)}
                text={text}
              />
            )),
          )}
        </svg>
      </div>
      <p class="key">
        <span class="now">
          <b>green</b>: where it is
        </span>
        <span class="been">
          <b>blue</b>: the way it came
        </span>
        {lit.next.size === 0 ? null : (
          <span class="next-one">
            <b>amber</b>: what can happen next
          </span>
        )}
      </p>
    </>
  )
}
