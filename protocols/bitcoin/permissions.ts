/**
 * What an operator allows to peers for where they are: for a range of addresses (Core's `-whitelist`), or for
 * the address of ours at which they come in (`-whitebind`). What several grants allow adds up.
 *
 * An address says who somebody is as far as its network does. Whoever comes in through our own onion service
 * has that of this machine, and gets nothing by it.
 * @module
 */
import type { ConnectionView, PeerPlace } from '../../actors/protocol.ts'
import { isInRange, parseHostRange } from '../../codec/host-range.ts'
import type { HostRange } from '../../codec/host-range.ts'
import type { BitcoinTypes } from '../../machines/handshakes/bitcoin/contract.ts'
import { isAtBind, parseBind } from './bind.ts'
import { SLOTS } from './slots.ts'

/** As Core names them, in its order. */
export const PERMISSIONS = [
  'bloomfilter',
  'noban',
  'forcerelay',
  'relay',
  'mempool',
  'download',
  'addr',
] as const

export type PermissionName = (typeof PERMISSIONS)[number]

/** Left out: the usual ones. An empty list: nothing. */
type Allowed = readonly (PermissionName | 'all')[]

export interface RangeGrant {
  /** `10.0.0.0/8`, `2001:db8::/32`, or one address. */
  readonly range: string
  readonly allow?: Allowed
  /** Of those that we dial, to whom the application asks for. Default: inbound. */
  readonly direction?: 'inbound' | 'outbound' | 'both'
}

export interface BindGrant {
  /** One of the addresses on which this node listens, with its port; `0.0.0.0` and `::` are any host. */
  readonly bind: string
  readonly allow?: Allowed
}

export type PermissionGrant = RangeGrant | BindGrant

export interface PermissionOptions {
  readonly permissions?: readonly PermissionGrant[]
  /** What a grant allows that does not say it. Default: relay, mempool and noban. */
  readonly usualPermissions?: readonly PermissionName[]
}

type View = Pick<ConnectionView<BitcoinTypes>, 'local' | 'remote' | 'role' | 'slot'>

export interface Permissions {
  ofPlace(place: PeerPlace): ReadonlySet<PermissionName>
  of(view: View): ReadonlySet<PermissionName>
}

interface Rule {
  readonly allowed: readonly PermissionName[]
  matches(place: PeerPlace, isByAddress: boolean): boolean
}

const USUAL: readonly PermissionName[] = ['relay', 'mempool', 'noban']
const IMPLIED: Readonly<Partial<Record<PermissionName, PermissionName>>> = {
  forcerelay: 'relay',
  noban: 'download',
}
const NOTHING: ReadonlySet<PermissionName> = new Set()

export const isPermissionName = (name: string): name is PermissionName =>
  PERMISSIONS.some((known) => known === name)

/** In Core's order, with what they imply. @throws {RangeError} one that is none */
function expand(names: readonly string[], of: string): readonly PermissionName[] {
  const all = new Set<string>(names.flatMap((name) => (name === 'all' ? PERMISSIONS : [name])))
  for (const name of all) {
    if (!isPermissionName(name)) throw new RangeError(`${of}: there is no permission ${name}`)
    const implied = IMPLIED[name]
    if (implied !== undefined) all.add(implied)
  }
  return PERMISSIONS.filter((name) => all.has(name))
}

function rangeMatch({ direction = 'inbound', range: text }: RangeGrant): Rule['matches'] {
  const range: HostRange | { readonly wrong: string } = parseHostRange(text)
  if ('wrong' in range) throw new RangeError(`the range of a permission: ${range.wrong}`)
  const isOfDirection = ({ isWanted, role }: PeerPlace): boolean =>
    role === 'listener' ? direction !== 'outbound' : isWanted && direction !== 'inbound'
  return (place, isByAddress) =>
    isByAddress && isOfDirection(place) && isInRange(range, place.remote.host)
}

function bindMatch({ bind: text }: BindGrant, defaultPort: number): Rule['matches'] {
  const bind = parseBind(text, defaultPort)
  return ({ local, role }) => role === 'listener' && isAtBind(bind, local)
}

/** @throws {RangeError} a range, an address or a name that is none, in plain words */
export function createPermissions(
  { permissions = [], usualPermissions = USUAL }: PermissionOptions,
  defaultPort: number,
  isThroughOnion: (place: Pick<PeerPlace, 'local' | 'role'>) => boolean,
): Permissions {
  const usual = expand(usualPermissions, 'the usual permissions')
  const rules = permissions.map((grant): Rule => {
    const { allow } = grant
    const of = 'range' in grant ? grant.range : grant.bind
    return {
      allowed: allow === undefined ? usual : expand(allow, of),
      matches: 'range' in grant ? rangeMatch(grant) : bindMatch(grant, defaultPort),
    }
  })

  const ofPlace = (place: PeerPlace): ReadonlySet<PermissionName> => {
    if (rules.length === 0) return NOTHING
    const isByAddress = !isThroughOnion(place)
    const found = rules.filter((rule) => rule.matches(place, isByAddress))
    const allowed = new Set(found.flatMap((rule) => rule.allowed))
    return new Set(PERMISSIONS.filter((name) => allowed.has(name)))
  }

  return {
    ofPlace,
    of: ({ local, remote, role, slot }) =>
      ofPlace({
        ...{ role, remote, isWanted: slot === SLOTS.manual },
        ...(local === undefined ? {} : { local }),
      }),
  }
}
