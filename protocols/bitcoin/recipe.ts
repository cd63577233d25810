/**
 * What a node of the Bitcoin network was made with, so that its recordings can be replayed. Nothing of it is
 * secret.
 * @module
 */
import type { Recipe } from '../../actors/protocol.ts'
import { BITCOIN_NETWORKS } from '../../codec/bitcoin/networks.ts'
import type { BitcoinOptions } from '../bitcoin.ts'
import type { BitcoinLimits } from './limits.ts'
import { isPeerNetwork } from './network-info.ts'
import { isPermissionName } from './permissions.ts'
import type { PermissionGrant, PermissionName } from './permissions.ts'
import { SERVICES } from './services.ts'

export const recipeOf = ({ limits, ...options }: BitcoinOptions): Recipe => ({
  settings: { ...options, ...(limits === undefined ? {} : { limits: { ...limits } }) },
  secrets: {},
})

const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

const isOneOf =
  <Name extends string>(names: Readonly<Record<Name, unknown>>) =>
  (value: unknown): value is Name =>
    typeof value === 'string' && Object.hasOwn(names, value)

const isNetwork = isOneOf(BITCOIN_NETWORKS)
const isService = isOneOf(SERVICES)
const isTransport = isOneOf({ v1: true, v2: true, both: true })

/** @throws {RangeError} */
export function optionsOf({ settings }: Recipe): BitcoinOptions {
  if (!isRecord(settings)) throw new RangeError('the recipe has no settings')
  const { blocksOnly = false, limits = {}, network = 'mainnet', transport = 'both' } = settings
  const { services = [], userAgentComments = [], externalAddresses = [] } = settings
  const { discover, networks = ['ipv4', 'ipv6'] } = settings
  if (!isNetwork(network)) throw new RangeError('the recipe names no network')
  if (!isTransport(transport)) throw new RangeError('the recipe names no transport')
  if (typeof blocksOnly !== 'boolean') {
    throw new RangeError('what the recipe says of transactions is neither yes nor no')
  }
  if (!Array.isArray(services) || !services.every(isService)) {
    throw new RangeError('the recipe names services that there are not')
  }
  if (!Array.isArray(userAgentComments) || !userAgentComments.every(isText)) {
    throw new RangeError('the comments of the recipe are no texts')
  }
  if (!Array.isArray(externalAddresses) || !externalAddresses.every(isText)) {
    throw new RangeError('the addresses of the recipe are no texts')
  }
  const { interfaceAddresses = [] } = settings
  if (!Array.isArray(interfaceAddresses) || !interfaceAddresses.every(isText)) {
    throw new RangeError('the interfaces of the recipe are no texts')
  }
  if (!Array.isArray(networks) || !networks.every(isPeerNetwork)) {
    throw new RangeError('the recipe names networks that there are not')
  }
  if (discover !== undefined && typeof discover !== 'boolean') {
    throw new RangeError('what the recipe says of discovery is neither yes nor no')
  }
  const { connectOnly = false, dnsSeeds = true, fixedSeeds = [], seedNodes = [] } = settings
  if (typeof connectOnly !== 'boolean' || (typeof dnsSeeds !== 'boolean' && dnsSeeds !== 'force')) {
    throw new RangeError('what the recipe says of finding peers is neither yes nor no')
  }
  if (!Array.isArray(fixedSeeds) || !fixedSeeds.every(isText)) {
    throw new RangeError('the fixed seeds of the recipe are no texts')
  }
  if (!Array.isArray(seedNodes) || !seedNodes.every(isText)) {
    throw new RangeError('the seed nodes of the recipe are no texts')
  }
  const { reconciliation = false } = settings
  if (typeof reconciliation !== 'boolean') {
    throw new RangeError('what the recipe says of reconciliation is neither yes nor no')
  }
  const { onionTarget, permissions = [], usualPermissions } = settings
  if (!Array.isArray(permissions) || !permissions.every(isGrant)) {
    throw new RangeError('the permissions of the recipe are none')
  }
  if (usualPermissions !== undefined && !arePermissions(usualPermissions)) {
    throw new RangeError('the usual permissions of the recipe are none')
  }
  if (onionTarget !== undefined && !isText(onionTarget)) {
    throw new RangeError('the onion target of the recipe is no text')
  }
  if (!isRecord(limits)) throw new RangeError('the limits of the recipe are none')
  // The factory checks each of them: a name of none changes nothing.
  const numbers = limits as Partial<BitcoinLimits>
  return {
    ...(discover === undefined ? {} : { discover }),
    ...{ blocksOnly, externalAddresses, interfaceAddresses, limits: numbers },
    ...{ network, networks, services, transport, userAgentComments },
    ...{ connectOnly, dnsSeeds, fixedSeeds, permissions, reconciliation, seedNodes },
    ...(usualPermissions === undefined ? {} : { usualPermissions }),
    ...(onionTarget === undefined ? {} : { onionTarget }),
  }
}

const isText = (value: unknown): value is string => typeof value === 'string'

const arePermissions = (value: unknown): value is readonly PermissionName[] =>
  Array.isArray(value) && value.every((name) => isText(name) && isPermissionName(name))

const isDirection = isOneOf({ inbound: true, outbound: true, both: true })

/** What its range or its address is worth the factory says. */
function isGrant(value: unknown): value is PermissionGrant {
  if (!isRecord(value)) return false
  const { allow, bind, direction, range } = value
  const isOfOne = bind === undefined ? isText(range) : isText(bind) && range === undefined
  const names: unknown = Array.isArray(allow) ? allow.filter((name) => name !== 'all') : allow
  return (
    isOfOne &&
    (allow === undefined || arePermissions(names)) &&
    (direction === undefined || (bind === undefined && isDirection(direction)))
  )
}
