/**
 * Small parts that many parts of the page are made of: a state, a time, a name that leads somewhere, how
 * often it is looked, what was refused.
 * @module
 */
import type { ComponentChildren } from 'preact'
import type { Refusal, Sampled } from '../messages.ts'
import { fragmentOf } from './route.ts'
import {
  countWords,
  dateOf,
  lengthWords,
  shortAddress,
  shortName,
  staleWords,
  timeWords,
} from './words.ts'

/** Its colour says nothing that the word does not. */
export function State({ state }: { readonly state: string }) {
  const [first = ''] = state.split('.')
  return <span class={`state state-${first}`}>{state}</span>
}

/** @param props.atMs whatever a recording says */
export function Time({ atMs }: { readonly atMs: number }) {
  return <time dateTime={dateOf(atMs).toISOString()}>{timeWords(atMs)}</time>
}

export function NodeLink({ node }: { readonly node: string }) {
  return <a href={fragmentOf({ at: 'node', node })}>{node}</a>
}

export function ConnectionLink(props: { readonly node: string; readonly connection: string }) {
  return <a href={fragmentOf({ at: 'connection', ...props })}>{props.connection}</a>
}

/** The ends of it, and all of it for whoever points at it. */
export function Identity({ of }: { readonly of: string | null }) {
  if (of === null) return <span class="faint">–</span>
  return (
    <span class="mono" title={of}>
      {shortName(of)}
    </span>
  )
}

export function Address({ of }: { readonly of: string }) {
  return (
    <span class="mono" title={of}>
      {shortAddress(of)}
    </span>
  )
}

/** What the page says of how it looks. */
export function SampledWords(props: { readonly sampled: Sampled; readonly connections?: number }) {
  const { connections, sampled } = props
  return (
    <>
      {(sampled.stale ?? []).map((stale) => (
        <p key={stale.node} class="notice is-bad" role="status">
          {staleWords(stale)}
        </p>
      ))}
      <p class="sampled">
        looked at every {lengthWords(Math.round(sampled.everyMs / 10) * 10)}
        {connections === undefined ? '' : `, of ${countWords(connections)}`}
      </p>
    </>
  )
}

export function Refused({ refused }: { readonly refused: Refusal | undefined }) {
  if (refused === undefined) return null
  return (
    <p class="notice is-bad" role="alert">
      {refused.message}
    </p>
  )
}

export function Waiting({ words = 'Waiting for the first answer …' }: { readonly words?: string }) {
  return <p class="faint">{words}</p>
}

export function Section(props: {
  readonly title: string
  readonly aside?: ComponentChildren
  readonly class?: string
  readonly children: ComponentChildren
}) {
  return (
    <section class={`card ${props.class ?? ''}`} aria-label={props.title}>
      <header>
        <h2>{props.title}</h2>
        {props.aside}
      </header>
      {props.children}
    </section>
  )
}

/** Names and what stands at them. */
export function Facts({
  facts,
}: {
  readonly facts: readonly (readonly [string, ComponentChildren])[]
}) {
  return (
    <dl class="facts">
      {facts.map(([name, value], place) => (
        <div key={place}>
          <dt>{name}</dt>
          <dd>{value}</dd>
        </div>
      ))}
    </dl>
  )
}
