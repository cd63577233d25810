/**
 * What tests of documents read: tables of a text, and the names that a source declares.
 */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import ts from 'typescript'

const ROOT = join(import.meta.dirname, '../..')

export const readText = (path: string): string => readFileSync(join(ROOT, path), 'utf8')

/** The cells of each row of the tables below a heading, without heads. */
export function rowsBelow(text: string, heading: string): string[][] {
  const [, section = ''] = text.split(heading)
  const [body = ''] = section.split('\n## ')
  return body
    .split('\n')
    .filter((line) => line.startsWith('| ') && !line.startsWith('| ---'))
    .slice(1)
    .map((line) =>
      line
        .split('|')
        .slice(1, -1)
        .map((cell) => cell.trim().replaceAll('`', '')),
    )
}

/** The code of the blocks of TypeScript in a text. */
export const codeBlocks = (text: string): readonly string[] =>
  [...text.matchAll(/```ts\n([\s\S]*?)```/g)].map(([, code = '']) => code)

/** A block's imports, led from the package's entries to their sources, for a file that lies one folder deep. */
export const inTree = (code: string): string =>
  code
    .replaceAll(/'peerloom\/([a-z/]+)'/g, (_, path: string) => `'../${path}.ts'`)
    .replaceAll("'peerloom'", "'../index.ts'")

export const sourceFileOf = (path: string): ts.SourceFile =>
  ts.createSourceFile(path, readText(path), ts.ScriptTarget.ESNext, true)

/** The members of an interface that have plain names, in their order. */
export function membersOf(path: string, name: string): string[] {
  const found = sourceFileOf(path)
    .statements.filter(ts.isInterfaceDeclaration)
    .find((declared) => declared.name.text === name)
  return [...(found?.members ?? [])].flatMap((member) =>
    member.name !== undefined && ts.isIdentifier(member.name) ? [member.name.text] : [],
  )
}

/** What a constant of a source is: a number. */
export function numberOf(path: string, name: string): number {
  const [, digits = ''] = new RegExp(`const ${name} = ([\\d_]+)\n`).exec(readText(path)) ?? []
  return Number.parseInt(digits.replaceAll('_', ''), 10)
}
