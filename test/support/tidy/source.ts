/**
 * The tree as the tidy checks see it: its text files, their imports, and their code without the
 * words of comments and strings.
 * @module
 */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import ts from 'typescript'

export interface Source {
  /** From the root of the repository, with forward slashes. */
  readonly path: string
  readonly text: string
}

/** `dynamic` is `import()`: a value, and a promise of it. */
export type ImportKind = 'value' | 'type' | 'dynamic'
export interface Import {
  readonly target: string
  readonly kind: ImportKind
  readonly line: number
}

const NOT_OURS = new Set(['.git', 'coverage', 'dist', 'node_modules', 'package-lock.json'])
const TEXT = /\.(?:tsx?|js|mjs|json|md|yml|yaml|html|css|sh)$|(?:^|\/)\.ci\/[^/]+$/

/** Every text file of the tree, in the order of the paths. */
export function readTree(root: string): readonly Source[] {
  const sources: Source[] = []
  const walk = (folder: string) => {
    for (const entry of readdirSync(join(root, folder), { withFileTypes: true })) {
      if (NOT_OURS.has(entry.name)) continue
      const path = folder === '' ? entry.name : `${folder}/${entry.name}`
      if (entry.isDirectory()) walk(path)
      else if (entry.isFile() && TEXT.test(path)) {
        sources.push({ path, text: readFileSync(join(root, path), 'utf8') })
      }
    }
  }
  walk('')
  return sources.sort((one, other) => (one.path < other.path ? -1 : 1))
}

/** The first folder of a path; `index` for the root's index.ts; nothing for other root files. */
export function layerOf(path: string): string | undefined {
  if (path === 'index.ts') return 'index'
  return path.includes('/') ? path.slice(0, path.indexOf('/')) : undefined
}

export const parse = ({ path, text }: Source): ts.SourceFile =>
  ts.createSourceFile(path, text, ts.ScriptTarget.Latest, true)

const lineAt = (file: ts.SourceFile, position: number) =>
  file.getLineAndCharacterOfPosition(position).line + 1

export function visit(node: ts.Node, see: (node: ts.Node) => void): void {
  see(node)
  ts.forEachChild(node, (child) => visit(child, see))
}

export function importsOf(source: Source): readonly Import[] {
  const file = parse(source)
  const imports: Import[] = []
  const add = (node: ts.Node, target: ts.Node | undefined, kind: ImportKind) => {
    if (target === undefined || !ts.isStringLiteralLike(target)) return
    imports.push({ target: target.text, kind, line: lineAt(file, node.getStart(file)) })
  }
  visit(file, (node) => {
    if (ts.isImportDeclaration(node)) {
      const typeOnly = node.importClause?.phaseModifier === ts.SyntaxKind.TypeKeyword
      add(node, node.moduleSpecifier, typeOnly ? 'type' : 'value')
    } else if (ts.isExportDeclaration(node)) {
      add(node, node.moduleSpecifier, node.isTypeOnly ? 'type' : 'value')
    } else if (ts.isImportTypeNode(node)) {
      add(node, ts.isLiteralTypeNode(node.argument) ? node.argument.literal : undefined, 'type')
    } else if (ts.isCallExpression(node) && node.expression.kind === ts.SyntaxKind.ImportKeyword) {
      add(node, node.arguments[0], 'dynamic')
    }
  })
  return imports
}

/** Whether an identifier names a member of something, and so is not the global of that name. */
function namesMember(node: ts.Identifier): boolean {
  const { parent } = node
  if (ts.isBindingElement(parent)) return parent.propertyName === node
  const named =
    ts.isPropertyAccessExpression(parent) ||
    ts.isPropertyAssignment(parent) ||
    ts.isMethodDeclaration(parent) ||
    ts.isMethodSignature(parent) ||
    ts.isPropertySignature(parent)
  return named && parent.name === node
}

/** `path:line name` for each use of one of the names, other than as the name of a member. */
export function usesOf(source: Source, names: ReadonlySet<string>): readonly string[] {
  const file = parse(source)
  const uses: string[] = []
  visit(file, (node) => {
    if (!ts.isIdentifier(node) || !names.has(node.text) || namesMember(node)) return
    uses.push(`${source.path}:${String(lineAt(file, node.getStart(file)))} ${node.text}`)
  })
  return uses
}

/** The text with comments, strings and regular expressions blanked; every line keeps its number. */
export function codeOf(source: Source): string {
  const file = parse(source)
  const { text } = source
  const pieces: string[] = []
  const blank = (from: number, to: number) => text.slice(from, to).replace(/[^\n]/g, ' ')
  const walk = (node: ts.Node) => {
    const children = node.getChildren(file).filter((child) => !ts.isJSDoc(child))
    if (children.length > 0) return children.forEach(walk)
    const start = Math.max(node.pos, node.getStart(file))
    const literal = ts.isStringLiteral(node) || ts.isRegularExpressionLiteral(node)
    pieces.push(blank(node.pos, start))
    const words = literal || ts.isTemplateLiteralToken(node)
    pieces.push(words ? blank(start, node.end) : text.slice(start, node.end))
  }
  walk(file)
  return pieces.join('')
}

/** `path:line what` for each match of a pattern, which must be global. */
export function linesMatching(path: string, text: string, pattern: RegExp): readonly string[] {
  return Array.from(text.matchAll(pattern), (match) => {
    const line = text.slice(0, match.index).split('\n').length
    return `${path}:${String(line)} ${match[0].trim()}`
  })
}
