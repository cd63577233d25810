/**
 * The titles of the tests in a file, for documents that name them.
 * @module
 */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import ts from 'typescript'

const ROOT = join(import.meta.dirname, '../..')

/** What stands first in a call of `test`, or of what `test.each` made, in the file. */
export function titlesIn(path: string): readonly string[] {
  const source = ts.createSourceFile(
    path,
    readFileSync(join(ROOT, path), 'utf8'),
    ts.ScriptTarget.ESNext,
    true,
  )
  const titles: string[] = []
  const visit = (node: ts.Node): void => {
    if (ts.isCallExpression(node)) {
      const [first] = node.arguments
      const called = node.expression.getText(source)
      if (first !== undefined && ts.isStringLiteralLike(first) && /^test\b/.test(called)) {
        titles.push(first.text)
      }
    }
    ts.forEachChild(node, visit)
  }
  visit(source)
  return titles
}
