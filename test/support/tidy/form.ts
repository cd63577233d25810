/**
 * The form of a file: its length, the comment that opens it, and how tests are titled and left out.
 * @module
 */
import ts from 'typescript'
import { layerOf, linesMatching, parse, visit } from './source.ts'
import type { Source } from './source.ts'

/** 150 lines are the aim and 400 the point to look again; beyond this a file holds two concepts. */
const LINES_MAX = 530

export function tooLong(source: Source): readonly string[] {
  const lines = source.text.trimEnd().split('\n').length
  const held = /\.(?:tsx?|js|mjs)$/.test(source.path)
  return held && lines > LINES_MAX ? [`${source.path} has ${String(lines)} lines`] : []
}

/** After a shebang at most; at least a short sentence, then `@module` as the last word. */
const MODULE_COMMENT = /^(?:#![^\n]*\n)?\/\*\*\n(?: \*[^\n]*\n)+? \* @module\n \*\/\n/
const PROSE_CHARACTERS_MIN = 20

export function withoutModuleComment(source: Source): readonly string[] {
  const layer = layerOf(source.path)
  if (!source.path.endsWith('.ts') || layer === undefined) return []
  if (layer === 'test' && !source.path.startsWith('test/support/tidy/')) return []
  const comment = MODULE_COMMENT.exec(source.text)?.[0] ?? ''
  const prose = comment.replace(/^#![^\n]*|@\w+|[\s/*]/gm, '')
  return prose.length < PROSE_CHARACTERS_MIN ? [`${source.path} opens without its comment`] : []
}

const RUNNERS = new Set(['test', 'it', 'describe', 'suite'])
const NEEDS_REASON = ['skip', 'skipIf', 'runIf', 'fails']
const REFUSED = ['only', 'todo']
/** `(skipped: why)` or `(needs the addon)`, in the title. */
const REASON = /\((?:skipped:|needs) [^)]+\)/

/** `test.skipIf(x).each(y)` gives `test`, then `skipIf` and `each`; nothing for another callee. */
function runnerOf(callee: ts.Expression): readonly string[] | undefined {
  if (ts.isIdentifier(callee)) return RUNNERS.has(callee.text) ? [] : undefined
  if (ts.isCallExpression(callee)) return runnerOf(callee.expression)
  if (ts.isTaggedTemplateExpression(callee)) return runnerOf(callee.tag)
  if (!ts.isPropertyAccessExpression(callee)) return undefined
  const inner = runnerOf(callee.expression)
  return inner && [...inner, callee.name.text]
}

const optionNames = (node: ts.Expression | undefined) =>
  node && ts.isObjectLiteralExpression(node)
    ? node.properties.flatMap(({ name }) => (name && ts.isIdentifier(name) ? [name.text] : []))
    : []

/** Tests that are focused, left out without a reason in the title, or titled with "should". */
export function badTests(source: Source): readonly string[] {
  if (!source.path.startsWith('test/')) return []
  const file = parse(source)
  const faults: string[] = []
  visit(file, (node) => {
    if (!ts.isCallExpression(node)) return
    const { line } = file.getLineAndCharacterOfPosition(node.getStart(file))
    const fault = (what: string) => faults.push(`${source.path}:${String(line + 1)} ${what}`)
    const { expression, arguments: given, parent } = node
    const inner = ts.isCallExpression(parent) && parent.expression === node
    const modifiers =
      inner || ts.isPropertyAccessExpression(parent) ? undefined : runnerOf(expression)
    if (modifiers === undefined) {
      const skips = ts.isPropertyAccessExpression(expression) && expression.name.text === 'skip'
      if (skips && given.length === 0 && runnerOf(expression) === undefined)
        fault('skip() without a reason')
      return
    }
    const title = given[0]?.getText(file) ?? ''
    const words = [...modifiers, ...optionNames(given[1])]
    const refused = words.find((word) => REFUSED.includes(word))
    if (refused !== undefined) fault(`.${refused}`)
    if (words.some((word) => NEEDS_REASON.includes(word)) && !REASON.test(title)) {
      fault(`left out without a reason: ${title}`)
    }
    if (/\bshould\b/i.test(title)) fault(`titled with should: ${title}`)
  })
  return faults
}

const SLEEP =
  /\bsetTimeout\(\s*(?:resolve|done|r)\b|\bset(?:Timeout|Interval)\b[^}]*\} from '(?:node:)?timers\/promises'|\bscheduler\.wait\(|\bsleep\(/g

/** A test that waits for time to pass is slow when it passes and wrong when the machine is slow. */
export const sleepingTests = (source: Source): readonly string[] =>
  source.path.startsWith('test/') && !source.path.startsWith('test/support/tidy/')
    ? linesMatching(source.path, source.text, SLEEP)
    : []
