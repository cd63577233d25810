/**
 * Who may import whom. Imports run one way:
 * `world <- codec <- machines <- actors <- supervisor <- index <- cli, inspector, metrics`.
 * @module
 */
import { builtinModules } from 'node:module'
import { posix } from 'node:path'
import { importsOf, layerOf } from './source.ts'
import type { Source } from './source.ts'

interface MayImport {
  readonly value: readonly string[]
  /** On top of `value`, with `import type` alone. */
  readonly type: readonly string[]
}

/** Transports, stores and protocols are handed to the core as values, and known there as types. */
const HANDED_IN = ['transport', 'store', 'protocols']
const BELOW_INDEX = ['world', 'codec', 'machines', 'actors', 'supervisor']

const MAY_IMPORT: Readonly<Record<string, MayImport>> = {
  world: { value: [], type: [] },
  codec: { value: ['world'], type: [] },
  machines: { value: ['world', 'codec'], type: [] },
  actors: { value: ['world', 'codec', 'machines'], type: HANDED_IN },
  supervisor: { value: ['world', 'codec', 'machines', 'actors'], type: HANDED_IN },
  // What is recorded of a node is run again in a world that answers from the recording.
  journal: { value: [...BELOW_INDEX, 'transport'], type: [] },
  // It puts together what an application that injects nothing gets: the platform's world.
  index: { value: [...BELOW_INDEX, 'journal', 'transport', 'store'], type: ['protocols'] },
  protocols: { value: ['world', 'codec', 'machines', 'actors'], type: [] },
  transport: { value: ['world', 'codec'], type: [] },
  store: { value: ['world', 'codec'], type: [] },
  inspector: { value: [...BELOW_INDEX, 'index', 'journal', ...HANDED_IN], type: [] },
  metrics: { value: ['world', 'codec', 'machines', 'actors', 'supervisor', 'index'], type: [] },
  cli: {
    value: [...BELOW_INDEX, 'index', 'journal', ...HANDED_IN, 'inspector', 'metrics', 'testing'],
    type: [],
  },
  testing: { value: [...BELOW_INDEX, 'index', 'journal', ...HANDED_IN, 'inspector'], type: [] },
}

/** Layers that hold no network's name and import no network's file. */
const NETWORK_FREE = new Set([...BELOW_INDEX, 'journal', 'index', 'transport', 'store'])

/** The network whose file this is; nothing for what all networks share. */
export function networkOf(path: string): string | undefined {
  const match =
    /^codec\/([^/]+)\//.exec(path) ??
    /^machines\/handshakes\/([^/]+?)(?:\.ts$|\/)/.exec(path) ??
    /^protocols\/([^/]+?)(?:\.ts$|\/)/.exec(path)
  return match?.[1]
}

const targetOf = (source: Source, target: string) =>
  posix.normalize(posix.join(posix.dirname(source.path), target))

/** The relative imports of a file that its layer or its network may not have. */
export function wrongImports(source: Source): readonly string[] {
  const layer = layerOf(source.path)
  const may = layer === undefined ? undefined : MAY_IMPORT[layer]
  if (layer === undefined || may === undefined) return []
  const network = networkOf(source.path)

  return importsOf(source).flatMap(({ target, kind, line }) => {
    if (!target.startsWith('.')) return []
    const path = targetOf(source, target)
    const to = layerOf(path) ?? path
    const typeOnly = kind === 'type'
    const where = `${source.path}:${String(line)}`
    if (to !== layer && !may.value.includes(to) && !(typeOnly && may.type.includes(to))) {
      const but = may.type.includes(to) ? ', but its types' : ''
      return [`${where} ${layer} may not import ${path}${but}`]
    }
    const other = networkOf(path)
    const bound = network !== undefined || NETWORK_FREE.has(layer)
    if (bound && other !== undefined && other !== network) {
      return [`${where} ${network ?? 'the core'} may not import the network ${other} (${path})`]
    }
    return []
  })
}

/** Packages of one place only; `at` is a prefix of the paths that may import them. */
const PACKAGES_OF: Readonly<Record<string, readonly string[]>> = {
  rxjs: ['actors/', 'supervisor/', 'protocols/', 'index.ts', 'inspector/', 'cli/', 'testing/'],
  xstate: ['machines/', 'actors/', 'supervisor/', 'protocols/', 'index.ts'].concat([
    'journal/',
    'inspector/',
    'cli/',
    'testing/',
  ]),
  lmdb: ['store/'],
  secp256k1: ['transport/'],
  socks: ['transport/'],
  commander: ['cli/'],
  pino: ['cli/'],
  ws: ['inspector/'],
  preact: ['inspector/page/'],
  '@dagrejs/dagre': ['inspector/'],
  'prom-client': ['metrics/'],
  '@statelyai/inspect': ['inspector/'],
  vitest: ['testing/vitest.ts'],
}

/** What only tests and tools may import. */
const TOOLS = ['eslint', 'fast-check', 'knip', 'prettier', 'typescript', 'vite']
const BUILT_IN = new Set(builtinModules)

/** The name of the package in an import, without the path inside it. */
const packageOf = (target: string) => target.split('/', target.startsWith('@') ? 2 : 1).join('/')

/** The packages and platform modules that a file may not have. */
export function wrongPackages(source: Source): readonly string[] {
  const layer = layerOf(source.path)
  if (layer === undefined || MAY_IMPORT[layer] === undefined) return []
  const core = layer === 'protocols' || BELOW_INDEX.includes(layer) || layer === 'index'

  return importsOf(source).flatMap(({ target, kind, line }) => {
    const where = `${source.path}:${String(line)}`
    if (core && kind === 'dynamic') return [`${where} import() is a promise`]
    if (target.startsWith('.')) return []
    if (target.startsWith('node:') || BUILT_IN.has(packageOf(target))) {
      return core ? [`${where} the core may not import ${target}`] : []
    }
    const name = packageOf(target)
    if (name === 'peerloom') return [`${where} a file of ours is imported by its path`]
    const places = TOOLS.includes(name) ? [] : PACKAGES_OF[name]
    const allowed = places?.some((place) => source.path.startsWith(place)) ?? true
    return allowed ? [] : [`${where} ${name} may not be imported here`]
  })
}

/** The rings of value imports, each once: a ring makes the order of evaluation matter. */
export function importRings(sources: readonly Source[]): readonly string[] {
  const edges = new Map(
    sources
      .filter(({ path }) => /\.tsx?$/.test(path))
      .map((source) => [
        source.path,
        importsOf(source)
          .filter(({ target, kind }) => kind === 'value' && target.startsWith('.'))
          .map(({ target }) => targetOf(source, target)),
      ]),
  )
  const done = new Set<string>()
  const rings: string[] = []
  const walk = (path: string, way: readonly string[]) => {
    const at = way.indexOf(path)
    if (at >= 0) rings.push([...way.slice(at), path].join(' -> '))
    if (at >= 0 || done.has(path)) return
    for (const next of edges.get(path) ?? []) walk(next, [...way, path])
    done.add(path)
  }
  for (const path of edges.keys()) walk(path, [])
  return rings
}
