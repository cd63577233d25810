/**
 * Compiles sources for tests that need processes of their own: Node 20 runs no TypeScript.
 *
 * Each file is transpiled alone, with the project's own options, into a folder below node_modules,
 * so that packages are found from there. The folder is named by the content of all files in it:
 * a second call, also from another test worker, finds it ready.
 */
import { createHash, randomUUID } from 'node:crypto'
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync } from 'node:fs'
import { rmSync, statSync, writeFileSync } from 'node:fs'
import { dirname, join, relative, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import ts from 'typescript'

const ROOT = fileURLToPath(new URL('../..', import.meta.url))
const CACHE = join(ROOT, 'node_modules', '.cache', 'peerloom-compiled')
/** As in tsconfig.json; CommonJS detection has no place where each file is an ES module. */
const OPTIONS: ts.CompilerOptions = {
  target: ts.ScriptTarget.ES2023,
  module: ts.ModuleKind.ESNext,
  verbatimModuleSyntax: true,
  rewriteRelativeImportExtensions: true,
}

/**
 * @param entries files, or folders for all files below them, from the project's root. What they
 * import, by a literal path, comes along; what is loaded by a computed path must be named here.
 * @returns the folder; `a/b.ts` is in it as `a/b.js`.
 */
export function compileSources(entries: readonly string[]): string {
  const sources = reachableFrom(entries.flatMap((entry) => filesOf(join(ROOT, entry))))
  const hash = createHash('sha256').update(ts.version)
  for (const [path, text] of sources) hash.update(`\0${relative(ROOT, path)}\0${text}`)
  const folder = join(CACHE, hash.digest('hex').slice(0, 32))
  if (existsSync(folder)) return folder

  const unfinished = `${folder}.${randomUUID()}`
  for (const [path, text] of sources) {
    const target = join(unfinished, relative(ROOT, path)).replace(/\.ts$/, '.js')
    mkdirSync(dirname(target), { recursive: true })
    const { outputText } = ts.transpileModule(text, { compilerOptions: OPTIONS, fileName: path })
    writeFileSync(target, outputText)
  }
  writeFileSync(join(unfinished, 'package.json'), '{ "type": "module" }\n')
  try {
    renameSync(unfinished, folder)
  } catch (error) {
    // Another worker was first, with the same content.
    rmSync(unfinished, { recursive: true })
    if (!existsSync(folder)) throw error
  }
  return folder
}

function filesOf(path: string): string[] {
  if (!statSync(path).isDirectory()) return [path]
  return readdirSync(path, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts') && !name.includes('node_modules'))
    .map((name) => join(path, name))
}

/** Every file and its text, in an order that depends on nothing but their names. */
function reachableFrom(entries: readonly string[]): readonly (readonly [string, string])[] {
  const texts = new Map<string, string>()
  const waiting = [...entries]
  for (let path = waiting.pop(); path !== undefined; path = waiting.pop()) {
    if (texts.has(path)) continue
    const text = readFileSync(path, 'utf8')
    texts.set(path, text)
    for (const { fileName } of ts.preProcessFile(text, true, true).importedFiles) {
      if (!fileName.startsWith('.')) continue
      const target = resolve(dirname(path), fileName)
      // An import of types alone is erased; a file that is not there is then no matter.
      if (existsSync(target)) waiting.push(target)
    }
  }
  return [...texts].sort(([one], [other]) => (one < other ? -1 : 1))
}
