/**
 * Permissions as Core writes them on a command line: `noban,addr@10.0.0.0/8`, with `in` and `out` among the
 * names of a range; without an @ the usual ones, with nothing before it none.
 * @module
 */
import type { ToolValues } from '../../actors/protocol-tools.ts'
import type { PermissionGrant, PermissionName, RangeGrant } from './permissions.ts'
import { isPermissionName } from './permissions.ts'

type Direction = NonNullable<RangeGrant['direction']>

interface Written {
  readonly names: readonly string[] | undefined
  /** Behind the @. */
  readonly place: string
}

function split(text: string): Written {
  const at = text.indexOf('@')
  if (at < 0) return { names: undefined, place: text }
  const names = text.slice(0, at).split(',')
  return { names: names.filter((name) => name !== ''), place: text.slice(at + 1) }
}

const isAllowed = (name: string): name is PermissionName | 'all' =>
  name === 'all' || isPermissionName(name)

function allowedIn(names: readonly string[], text: string): readonly (PermissionName | 'all')[] {
  return names.map((written) => {
    // As Core has it, too.
    const name = written === 'bloom' ? 'bloomfilter' : written
    if (isAllowed(name)) return name
    throw new RangeError(`${text}: there is no permission ${name}`)
  })
}

function directionOf(names: readonly string[]): Direction {
  if (!names.includes('out')) return 'inbound'
  return names.includes('in') ? 'both' : 'outbound'
}

/** @throws {RangeError} a name that is none, or a direction and nothing that is allowed there */
function rangeGrant(text: string): PermissionGrant {
  const { names, place: range } = split(text)
  if (names === undefined) return { range }
  const allowed = names.filter((name) => name !== 'in' && name !== 'out')
  if (allowed.length === 0 && names.length > 0) {
    throw new RangeError(`${text} says a direction, and not what is allowed`)
  }
  return { range, allow: allowedIn(allowed, text), direction: directionOf(names) }
}

/** @throws {RangeError} a name that is none */
function bindGrant(text: string): PermissionGrant {
  const { names, place: bind } = split(text)
  if (names === undefined) return { bind }
  if (names.includes('out')) throw new RangeError(`${text}: who comes in there is not dialled`)
  return {
    bind,
    allow: allowedIn(
      names.filter((name) => name !== 'in'),
      text,
    ),
  }
}

const isList = (value: unknown): value is readonly string[] =>
  Array.isArray(value) && value.every((item) => typeof item === 'string')

/** From the command line. @throws {RangeError} what cannot be, in plain words */
export function grantsOf({ whitebind, whitelist }: ToolValues): readonly PermissionGrant[] {
  if (!isList(whitelist) || !isList(whitebind)) throw new RangeError('a permission is a text')
  return [...whitelist.map(rangeGrant), ...whitebind.map(bindGrant)]
}
