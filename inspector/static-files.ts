/**
 * The page's files: a fixed list, read once when the server starts. What is asked for is looked up in it
 * as it came, so that no path leads anywhere else.
 * @module
 */
import { readdirSync, readFileSync } from 'node:fs'
import { extname, join, sep } from 'node:path'

export interface StaticFile {
  readonly type: string
  readonly bytes: Uint8Array
}

/** By the path of a request, such as `/assets/page.js`. */
export type StaticFiles = ReadonlyMap<string, StaticFile>

const TYPES: Readonly<Record<string, string>> = {
  '.css': 'text/css; charset=utf-8',
  '.html': 'text/html; charset=utf-8',
  '.ico': 'image/x-icon',
  '.js': 'text/javascript; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.woff2': 'font/woff2',
}

const INDEX = '/index.html'

const isMissing = (error: unknown): boolean =>
  error instanceof Error && 'code' in error && error.code === 'ENOENT'

function namesIn(folder: string): readonly string[] {
  try {
    return readdirSync(folder, { recursive: true, encoding: 'utf8' })
  } catch (error) {
    if (isMissing(error)) return []
    throw error
  }
}

/** None where the folder is not there: then the server has no page, and everything else. */
export function readStaticFiles(folder: string): StaticFiles {
  const files = new Map<string, StaticFile>()
  for (const name of namesIn(folder)) {
    const type = TYPES[extname(name)]
    if (type === undefined) continue
    files.set(`/${name.split(sep).join('/')}`, { type, bytes: readFileSync(join(folder, name)) })
  }
  const index = files.get(INDEX)
  if (index !== undefined) files.set('/', index)
  return files
}
