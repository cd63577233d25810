/**
 * The options of a node, from whoever has no types to hold them to: an application in JavaScript, a recording.
 * A name that is misspelt would otherwise be passed over, and the node would be another one than was meant.
 *
 * What an address, a range or a number is worth is said where it is used.
 * @module
 */
import { ADDRESS_BYTES } from '../../codec/bitcoin/network-address.ts'
import { BITCOIN_NETWORKS } from '../../codec/bitcoin/networks.ts'
import type { BitcoinOptions } from '../bitcoin.ts'
import { isPeerNetwork } from './network-info.ts'
import type { PermissionGrant } from './permissions.ts'
import { SERVICES } from './services.ts'

const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

const isText = (value: unknown): value is string => typeof value === 'string'

const isOneOf =
  <Name extends string>(names: Readonly<Record<Name, unknown>>) =>
  (value: unknown): value is Name =>
    isText(value) && Object.hasOwn(names, value)

const isListOf =
  <Item>(isItem: (value: unknown) => value is Item) =>
  (value: unknown): value is readonly Item[] =>
    Array.isArray(value) && value.every(isItem)

const isBoolean = (value: unknown): value is boolean => typeof value === 'boolean'
const isDirection = isOneOf({ inbound: true, outbound: true, both: true })
const areTexts = isListOf(isText)

/** Of names there is a better sentence where they are expanded. */
function isGrant(value: unknown): value is PermissionGrant {
  if (!isRecord(value)) return false
  const { allow, bind, direction, range } = value
  const isOfOne = bind === undefined ? isText(range) : isText(bind) && range === undefined
  const isDirected = direction === undefined || (bind === undefined && isDirection(direction))
  return isOfOne && isDirected && (allow === undefined || areTexts(allow))
}

interface Kind {
  readonly is: (value: unknown) => boolean
  readonly called: string
}

const FLAG: Kind = { is: isBoolean, called: 'true or false' }
const TEXTS: Kind = { is: areTexts, called: 'a list of texts' }
const namedIn = (names: object): string => Object.keys(names).join(', ')
const TRANSPORTS = { both: true, v1: true, v2: true }

/** Complete by its type: no option is forgotten. */
const KINDS: Readonly<Record<keyof BitcoinOptions, Kind>> = {
  network: { is: isOneOf(BITCOIN_NETWORKS), called: `one of ${namedIn(BITCOIN_NETWORKS)}` },
  transport: { is: isOneOf(TRANSPORTS), called: `one of ${namedIn(TRANSPORTS)}` },
  services: { is: isListOf(isOneOf(SERVICES)), called: `a list of ${namedIn(SERVICES)}` },
  blocksOnly: FLAG,
  reconciliation: FLAG,
  userAgentComments: TEXTS,
  networks: { is: isListOf(isPeerNetwork), called: `a list of ${namedIn(ADDRESS_BYTES)}` },
  externalAddresses: TEXTS,
  discover: FLAG,
  interfaceAddresses: TEXTS,
  connectOnly: FLAG,
  seedNodes: TEXTS,
  dnsSeeds: {
    is: (value) => isBoolean(value) || value === 'force',
    called: "true, false or 'force'",
  },
  fixedSeeds: TEXTS,
  permissions: {
    is: isListOf(isGrant),
    called: 'a list of grants, each of a range or a bind, with allow, and direction of a range',
  },
  usualPermissions: {
    is: (value) => areTexts(value) && !value.includes('all'),
    called: 'a list of permissions, each by its name',
  },
  onionTarget: { is: isText, called: 'a text' },
  limits: { is: isRecord, called: 'an object of numbers' },
}

/** @throws {RangeError} an option that there is not, or that is of another kind, by its name */
export function checkOptions(given: unknown): asserts given is BitcoinOptions {
  if (!isRecord(given)) throw new RangeError('the options are no object')
  for (const name of Object.keys(given)) {
    if (!Object.hasOwn(KINDS, name)) throw new RangeError(`there is no option ${name}`)
  }
  for (const [name, { called, is }] of Object.entries(KINDS)) {
    const value = given[name]
    if (value !== undefined && !is(value)) throw new RangeError(`the option ${name} is ${called}`)
  }
}
