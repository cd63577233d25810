/**
 * What the compiler finds wrong with code that a user has: a program that imports `peerloom`.
 * @module
 */
import { join } from 'node:path'
import ts from 'typescript'
import { readText } from './documents.ts'

const ROOT = join(import.meta.dirname, '../..')

/** The source behind an entry of the package. */
function sourceOf(entry = ''): string {
  const { exports } = JSON.parse(readText('package.json')) as {
    exports: Readonly<Record<string, { readonly default: string }>>
  }
  const { default: built } = exports[`.${entry}`] ?? { default: '' }
  return built.replace('./dist/', './').replace(/\.js$/, '.ts')
}

export function typeProblemsOf(program: string): readonly string[] {
  const entry = join(ROOT, 'example-of-a-user.ts')
  const code = program.replaceAll(
    /'peerloom(\/[a-z0-9/-]+)?'/g,
    (_, path?: string) => `'${sourceOf(path)}'`,
  )
  const config = ts.readConfigFile(join(ROOT, 'tsconfig.json'), (path) => ts.sys.readFile(path))
  const { options } = ts.parseJsonConfigFileContent(config.config, ts.sys, ROOT)
  const host = ts.createCompilerHost(options)
  const readFile = host.readFile.bind(host)
  host.readFile = (path) => (path === entry ? code : readFile(path))
  host.fileExists = (path) => path === entry || ts.sys.fileExists(path)
  const getSourceFile = host.getSourceFile.bind(host)
  host.getSourceFile = (path, language) =>
    path === entry ? ts.createSourceFile(path, code, language, true) : getSourceFile(path, language)
  const compiled = ts.createProgram([entry], options, host)
  const source = compiled.getSourceFile(entry)
  return [
    ...compiled.getSemanticDiagnostics(source),
    ...compiled.getSyntacticDiagnostics(source),
  ].map(({ messageText }) => ts.flattenDiagnosticMessageText(messageText, '\n'))
}
