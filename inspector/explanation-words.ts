/**
 * Why a connection ended, in sentences for a person.
 * @module
 */
import type { CloseReason, Phase, Verdict } from '../machines/reasons.ts'
import type { Explanation } from '../supervisor/explanation.ts'

const REASONS: Readonly<Record<CloseReason, string>> = {
  asked: 'We closed it because the application or an operator asked for that.',
  deadline: 'We closed it because a time ran out.',
  'our-fault': 'We closed it because a part of ours failed.',
  overload: 'We closed it because a limit of ours was reached.',
  'peer-fault': 'We closed it because the other side broke the protocol.',
  'peer-left': 'The other side closed it.',
  'refused-by-peer': 'The other side said that it does not want us.',
  'refused-by-us': 'We closed it because we do not want the other side.',
  shutdown: 'We closed it because the node stops.',
  transport: 'The connection itself failed.',
}

const PHASES: Readonly<Record<Phase, string>> = {
  connecting: 'was being dialled',
  handshaking: 'was in its handshake',
  active: 'was active',
  closing: 'was closing',
}

const WHOM = {
  identity: 'the identity',
  address: 'the address',
  claim: 'whoever claims this identity from the same range of addresses',
} as const

const were = (count: number): string => (count === 1 ? 'was' : 'were')
const seconds = (ms: number): string => `${(ms / 1_000).toFixed(ms < 10_000 ? 1 : 0)} s`

function sentenceOf(verdict: Verdict): string {
  switch (verdict.do) {
    case 'nothing':
      return 'Nothing follows for the other side.'
    case 'wait':
      return verdict.ms === undefined
        ? 'It is dialled again after a wait that grows with each failure.'
        : `It is not dialled again for ${seconds(verdict.ms)}.`
    case 'redial':
      return 'It is dialled again at once, and nothing is charged.'
    case 'refuse':
      return 'It is not dialled again until the application asks for it.'
    case 'strike':
      return `It counts as a strike against ${WHOM[verdict.whom]}.`
    case 'discourage':
      return 'All connections of its address are closed, and the address is not favoured again.'
    case 'ban':
      return `This bans ${WHOM[verdict.whom]} for ${seconds(verdict.ms)}.`
  }
}

/** None while it lives. */
export function explanationWords({ counters, ended, startedMs }: Explanation): readonly string[] {
  if (ended === undefined) return []
  const { atMs, detail, phase, reason, sessionState, verdict } = ended
  const { handledMessages, receivedMessages, sentMessages } = counters
  const dropped = Object.entries(counters.dropped).map(
    ([why, count]) => `${String(count)} dropped (${why})`,
  )
  const account = [
    `${String(receivedMessages)} ${receivedMessages === 1 ? 'message' : 'messages'} came`,
    `${String(handledMessages)} ${were(handledMessages)} handled`,
    ...dropped,
    `${String(sentMessages)} ${were(sentMessages)} sent`,
  ]
  return [
    REASONS[reason],
    `The rule is "${detail}"; it ${PHASES[phase]}, its session in ${sessionState}, ${seconds(atMs - startedMs)} after it began.`,
    `${account.join(', ')}.`,
    sentenceOf(verdict),
  ]
}
