/**
 * What the demo shows: sentences for a person, or one line of JSON an event.
 * @module
 */
import type { ReceiverSummary } from './tally.ts'

export type DemoEvent =
  | {
      readonly event: 'begin'
      readonly run: string
      readonly lines: number
      readonly nodes: number
    }
  | {
      readonly event: 'started'
      readonly node: string
      readonly pid: number
      readonly id: string
      readonly address: string
    }
  | { readonly event: 'active'; readonly node: string; readonly peer: string }
  | {
      readonly event: 'closed'
      readonly node: string
      readonly peer: string
      readonly reason: string
      readonly detail: string
    }
  | { readonly event: 'progress'; readonly sent: number; readonly lines: number }
  | { readonly event: 'killed'; readonly node: string; readonly pid: number }
  | { readonly event: 'fault'; readonly node: string; readonly sentence: string }
  | ({ readonly event: 'receiver' } & ReceiverSummary)
  | {
      readonly event: 'done'
      readonly nodes: number
      readonly lines: number
      readonly missing: number
      readonly duplicates: number
      readonly lostInKill: number
    }

function sentenceOf(event: DemoEvent): string {
  switch (event.event) {
    case 'begin':
      return `three nodes, ${String(event.lines)} lines`
    case 'started':
      return `${event.node} runs as process ${String(event.pid)} at ${event.address}`
    case 'active':
      return `${event.node} is connected with ${event.peer}`
    case 'closed':
      return `${event.node} lost ${event.peer}: ${event.reason} (${event.detail})`
    case 'progress':
      return `${String(event.sent)} of ${String(event.lines)} lines sent`
    case 'killed':
      return `${event.node} (process ${String(event.pid)}) was killed`
    case 'fault':
      return `${event.node}: ${event.sentence}`
    case 'receiver': {
      const { arrived, duplicates, lostInKill, missing, receiver, sent } = event
      return (
        `${receiver}: ${String(sent)} sent, ${String(arrived)} arrived, ` +
        `${String(duplicates)} twice, ${String(lostInKill)} lost in the kill, ` +
        `${String(missing)} missing`
      )
    }
    case 'done':
      return event.missing === 0 && event.duplicates === 0
        ? `done: nothing is missing and nothing came twice`
        : `done: ${String(event.missing)} missing, ${String(event.duplicates)} twice`
  }
}

/** On a terminal, progress stays on one line. */
export function printers(json: boolean): (event: DemoEvent) => void {
  const isTerminal = process.stdout.isTTY
  return (event) => {
    if (json) {
      process.stdout.write(`${JSON.stringify(event)}\n`)
      return
    }
    const sentence = sentenceOf(event)
    if (isTerminal && event.event === 'progress') process.stdout.write(`\r${sentence}\u001B[K`)
    else process.stdout.write(isTerminal ? `\r${sentence}\u001B[K\n` : `${sentence}\n`)
  }
}
