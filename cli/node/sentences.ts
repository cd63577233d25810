/**
 * What happens to a node, as lines for a person. What has no sentence of its own is printed by its name and fields,
 * so that nothing which happens goes unsaid.
 * @module
 */
import type { SupervisorEvent } from '../../index.ts'
import { printPlace } from '../../codec/place.ts'
import { formatBytes, printable, shorten } from '../format.ts'
import { jsonLine } from '../json.ts'
import { inspectedSentence } from './inspected.ts'
import type { Ending, Started } from './report.ts'

const PEER_CHARACTERS = 20

const who = (identity: string | undefined, address: string): string =>
  identity === undefined ? address : shorten(identity, PEER_CHARACTERS)

const untilOf = (untilMs: number | undefined): string =>
  untilMs === undefined ? 'for good' : `until ${new Date(untilMs).toISOString()}`

function textOf(event: SupervisorEvent): string {
  switch (event.type) {
    case 'node.failed':
      return `the node failed: ${event.message}`
    case 'node.stopped':
      return event.killed.length === 0
        ? 'stopped'
        : `stopped; ${String(event.killed.length)} connections had to be cut`
    case 'connection.started': {
      const direction = event.role === 'dialler' ? 'dialling' : 'a connection from'
      return `${event.connection}: ${direction} ${event.address}`
    }
    case 'connection.active':
      return (
        `${event.connection}: active with ${who(event.identity, event.address)} ` +
        `after ${String(Math.round(event.handshakeMs))} ms`
      )
    case 'connection.closed':
      return (
        `${event.connection}: closed with ${who(event.identity, event.address)}: ${event.reason} ` +
        `(${event.detail}), ${formatBytes(event.receivedBytes)} in, ${formatBytes(event.sentBytes)} out`
      )
    case 'connection.refused':
      return `refused ${printPlace(event.remote)}: ${event.why}`
    case 'peer.struck':
      return `strike ${String(event.strikes)} for ${event.subject}`
    case 'peer.banned':
      return `banned ${event.subject} ${untilOf(event.untilMs)}: ${event.why}`
    case 'peer.unbanned':
      return `no longer banned: ${event.subject}`
    default: {
      const { type, ...fields } = event
      return Object.keys(fields).length === 0 ? type : `${type} ${jsonLine(fields)}`
    }
  }
}

/** One line, whatever is in the event. */
export const sentenceOf = (event: SupervisorEvent): string => printable(textOf(event))

const ENDINGS = {
  condition: 'what was waited for is true: stopping',
  timeout: 'the time is up: stopping',
  output: 'nobody reads any more: stopping',
} as const

export const endingSentence = (ending: Ending): string => {
  switch (ending.by) {
    case 'signal':
      return `stopping after ${ending.signal}; a second one ends it at once`
    case 'failure':
      return 'stopping after a failure'
    default:
      return ENDINGS[ending.by]
  }
}

const placeOf = (proxy: NonNullable<Started['proxy']>): string =>
  'path' in proxy ? proxy.path : printPlace(proxy)

export function startedSentences(started: Started): string[] {
  const { addresses, inspected, listening, metrics, network, onionProxy, pid, proxy } = started
  const runs = `a node of the network ${network} runs as process ${String(pid)}`
  const behind = [
    ...(proxy === undefined
      ? []
      : [`whatever it dials goes through the proxy at ${placeOf(proxy)}`]),
    ...(onionProxy === undefined
      ? []
      : [`onion services are dialled through the proxy at ${placeOf(onionProxy)}`]),
    ...(metrics === undefined ? [] : [`metrics are at ${metrics}`]),
  ]
  const page = inspected === undefined ? [] : [inspectedSentence(inspected)]
  if (listening.length === 0) return [`${runs} and takes no connections`, ...behind, ...page]
  return [runs, ...addresses.map((address) => `it listens at ${address}`), ...behind, ...page]
}
