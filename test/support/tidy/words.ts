/**
 * What may not stand in a file: words that bring in time, chance or the platform, names of
 * networks in what all networks share, and what belongs to no project.
 * @module
 */
import { codeOf, layerOf, linesMatching, usesOf } from './source.ts'
import type { Source } from './source.ts'
import { networkOf } from './layers.ts'

const CORE = new Set(['world', 'codec', 'machines', 'actors', 'supervisor', 'protocols', 'index'])

const IMPURE = new RegExp(
  [
    String.raw`\bDate\s*\.\s*now\b`,
    String.raw`\bDate\s*\(\s*\)`,
    String.raw`\bMath\s*\.\s*(?:random|pow|exp|log\w*|hypot|cbrt|a?(?:sin|cos|tan)h?)\b`,
    String.raw`\b(?:nextTick|hrtime|getRandomValues|random(?:Bytes|UUID|FillSync))\b`,
    String.raw`\bAbortSignal\s*\.\s*timeout\b`,
    String.raw`(?<![.\w])(?:performance|process|console)\s*\.`,
    String.raw`\b(?:debounce|throttle|audit|sample|buffer|window)Time\b`,
    String.raw`\b(?:async|asap|queue|animationFrame)Scheduler\b`,
    String.raw`\bttl\s*:`,
  ].join('|'),
  'g',
)

/** Globals; a member may have such a name, as XState's clock has its `setTimeout`. */
const IMPURE_GLOBALS = new Set(['setTimeout', 'setInterval', 'setImmediate', 'queueMicrotask'])
  .add('globalThis')
  .add('Buffer')
  .add('Temporal')
  .add('WeakRef')
  .add('FinalizationRegistry')

const PROMISE = /\bPromise(?:Like)?\b|\basync\b|\bawait\b|\.\s*(?:then|finally)\s*\(/g

/** The second guard of determinism, without ESLint. `edge` may hold promises, and nothing else. */
export function impureWords(source: Source, edge: readonly string[]): readonly string[] {
  if (!CORE.has(layerOf(source.path) ?? '')) return []
  const code = codeOf(source)
  const promises = edge.includes(source.path) ? [] : linesMatching(source.path, code, PROMISE)
  const globals = usesOf(source, IMPURE_GLOBALS)
  return [...linesMatching(source.path, code, IMPURE), ...globals, ...promises]
}

/**
 * `native` is also a plain word (native code, natively), so it counts where it names the network:
 * alone in quotes, as a path, before a word of networking, or as the head of an identifier.
 */
const NETWORK_NAMES = new RegExp(
  [
    String.raw`bitcoin|bitshares|graphene|spacemesh|botd|node[- ]network`,
    String.raw`(['"\`])native\1|/native\b`,
    String.raw`\bnative(?:'s)? (?:network|protocol|node|wire|session|handshake|message|peer)`,
    String.raw`\bnative(?:Network|Protocol|Node|Wire|Session|Handshake|Message|Peer)`,
  ].join('|'),
  'gi',
)
const NETWORK_FREE = new Set(['world', 'codec', 'machines', 'actors', 'supervisor', 'index'])
  .add('transport')
  .add('store')

/** Names of networks, comments included, in a file that all networks share. */
export function networkNames(source: Source): readonly string[] {
  const shared =
    NETWORK_FREE.has(layerOf(source.path) ?? '') && networkOf(source.path) === undefined
  return shared ? linesMatching(source.path, source.text, NETWORK_NAMES) : []
}

const STRANGE = new RegExp(
  [
    String.raw`(?<![\w.])/(?:work|farm)\b/?`,
    String.raw`\b(?:issue|session)\s+(?:no\.?\s*|#)?\d+\b`,
    String.raw`(?<!\buser[ _-])\b(?:sub-?)?agents?\b`,
    String.raw`\b(?:CEO|LLM|Claude|ChatGPT)\b`,
    String.raw`\b(?:design|style|field-notes)\.md\b|\bspecs/[\w-]+\.md\b`,
  ].join('|'),
  'gi',
)

const LATER = /\b(?:TODO|FIXME|XXX)\b/g

/** Words about how the project was made, and promises to come back. */
export const strangeWords = ({ path, text }: Source): readonly string[] => [
  ...linesMatching(path, text, STRANGE),
  ...linesMatching(path, text, LATER),
]
