/**
 * One or two nodes of a plain network in a virtual world, and what their calls are refused with.
 */
import { expect } from 'vitest'
import type { PeerloomErrorCode } from '../../index.ts'
import { plain } from '../contracts/fits/plain.ts'
import { startNode, startVirtualWorld } from '../support/nodes.ts'

/** Where the second one is. */
export const FAR = '10.0.0.2:7001'

export function startAlone() {
  const world = startVirtualWorld({ seed: 'misuse' })
  return { world, alice: startNode(world, 'alice', '10.0.0.1', plain()) }
}

export function startTwo() {
  const { alice, world } = startAlone()
  return { world, alice, bob: startNode(world, 'bob', '10.0.0.2', plain()) }
}

export const withCode = (code: PeerloomErrorCode) => expect.objectContaining({ code }) as Error
