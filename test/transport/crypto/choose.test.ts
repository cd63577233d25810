import { describe, expect, test } from 'vitest'
import { addonCrypto, loadAddonCrypto } from '../../../transport/crypto/addon.ts'
import { chooseCrypto } from '../../../transport/crypto/choose.ts'
import type { CryptoSources } from '../../../transport/crypto/choose.ts'
import { nobleCrypto } from '../../../transport/crypto/noble.ts'

const MISSING = new Error('Cannot find module')
const NEITHER: CryptoSources = { addon: () => ({ fault: MISSING }), node: () => undefined }
const standIn = (name: string) => ({ ...nobleCrypto(), name })
const BOTH: CryptoSources = {
  addon: () => ({ backend: standIn('node+secp256k1') }),
  node: () => standIn('node'),
}

describe('choosing the crypto backend', () => {
  test('takes the fastest that is there', () => {
    expect(chooseCrypto('auto', BOTH).name).toBe('node+secp256k1')
    expect(chooseCrypto('auto', { ...BOTH, addon: NEITHER.addon }).name).toBe('node')
    expect(chooseCrypto('auto', NEITHER).name).toBe('noble')
  })

  test('takes the one that was asked for, though a faster one is there', () => {
    expect(chooseCrypto('noble', BOTH).name).toBe('noble')
    expect(chooseCrypto('node', BOTH).name).toBe('node')
    expect(chooseCrypto('addon', BOTH).name).toBe('node+secp256k1')
  })

  test('names the one that was asked for and is not there, and what to do', () => {
    const refused = expect.objectContaining({
      message: expect.stringMatching(/"addon".*secp256k1.*"node" or "noble"/) as string,
      cause: MISSING,
    }) as Error
    expect(() => chooseCrypto('addon', NEITHER)).toThrow(refused)
    expect(() => chooseCrypto('node', NEITHER)).toThrow(/"node".*"noble" runs everywhere/)
    expect(chooseCrypto('noble', NEITHER).name).toBe('noble')
  })

  test('takes what this machine has where nothing is said', () => {
    expect(chooseCrypto().name).toBe(addonCrypto() === undefined ? 'node' : 'node+secp256k1')
    expect(chooseCrypto('node').name).toBe('node')
  })
})

describe('loading the addon', () => {
  test('asks for the native part alone, never for the fallback in JavaScript', () => {
    const asked: string[] = []
    const load = loadAddonCrypto((path) => {
      asked.push(path)
      throw MISSING
    })
    expect(load).toEqual({ fault: MISSING })
    expect(asked).toEqual(['secp256k1/bindings.js'])
  })

  test.each([[undefined], [null], [{}], ['text'], [{ ecdh: () => undefined }]])(
    'takes %j for no addon',
    (loaded) => {
      const load = loadAddonCrypto(() => loaded)
      expect(load.backend).toBeUndefined()
      expect(load.fault).toBeInstanceOf(Error)
    },
  )
})
