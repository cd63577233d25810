import { describe, expect, test } from 'vitest'
import { encodeAscii, encodeHex } from '../../../codec/bytes.ts'
import { ABSENT, BACKENDS } from '../../support/crypto-backends.ts'
import { hex } from '../../support/hex.ts'

const NO_BYTES = hex('')
/** A private key as a number. */
const privateKey = (value: bigint) => hex(value.toString(16).padStart(64, '0'))
const ORDER = 0xffffffff_ffffffff_ffffffff_fffffffe_baaedce6_af48a03b_bfd25e8c_d0364141n

for (const { name, why } of ABSENT) {
  test.skip(`${name} (skipped: absent on this machine, ${why})`, () => {})
}

describe.each(BACKENDS.map((crypto) => [crypto.name, crypto] as const))('%s', (_, crypto) => {
  test('SHA-256 and SHA-512 of "abc" (FIPS 180-4)', () => {
    const whole = encodeAscii('abc')
    const sha256 = 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad'
    const sha512 =
      'ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a' +
      '2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f'
    for (const parts of [[whole], [whole.subarray(0, 1), NO_BYTES, whole.subarray(1)]]) {
      expect(encodeHex(crypto.sha256(...parts))).toBe(sha256)
      expect(encodeHex(crypto.sha512(...parts))).toBe(sha512)
    }
    expect(encodeHex(crypto.sha256())).toBe(
      'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855',
    )
  })

  test.each([
    [
      '1',
      hex('0b'.repeat(20)),
      'Hi There',
      'b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7',
    ],
    [
      '2',
      encodeAscii('Jefe'),
      'what do ya want for nothing?',
      '5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843',
    ],
  ])('HMAC-SHA-256 (RFC 4231 case %s)', (_case, key, message, code) => {
    expect(encodeHex(crypto.hmacSha256(key, encodeAscii(message)))).toBe(code)
  })

  const run = (first: number, count: number) =>
    Uint8Array.from({ length: count }, (_value, index) => first + index)

  test.each([
    [
      'A.1',
      new Uint8Array(22).fill(0x0b),
      run(0x00, 13),
      run(0xf0, 10),
      '3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf34007208d5b887185865',
    ],
    [
      'A.2',
      run(0x00, 80),
      run(0x60, 80),
      run(0xb0, 80),
      'b11e398dc80327a1c8e7f78c596a49344f012eda2d4efad8a050cc4c19afa97c' +
        '59045a99cac7827271cb41c65e590e09da3275600c2f09b8367793a9aca3db71' +
        'cc30c58179ec3e87c14c01d5c1f3434f1d87',
    ],
    [
      'A.3',
      new Uint8Array(22).fill(0x0b),
      NO_BYTES,
      NO_BYTES,
      '8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d9d201395faa4b61a96c8',
    ],
  ])('HKDF-SHA-256 (RFC 5869 %s)', (_case, input, salt, info, output) => {
    expect(encodeHex(crypto.hkdfSha256(input, salt, info, output.length / 2))).toBe(output)
  })

  test.each([
    ['13', '00'.repeat(32), '00'.repeat(12), '', '', '', '530f8afbc74536b9a963b4f1c4cb738b'],
    [
      '14',
      '00'.repeat(32),
      '00'.repeat(12),
      '',
      '00'.repeat(16),
      'cea7403d4d606b6e074ec5d3baf39d18',
      'd0d1c8a799996bf0265b98b5d48ab919',
    ],
    [
      '16',
      'feffe9928665731c6d6a8f9467308308feffe9928665731c6d6a8f9467308308',
      'cafebabefacedbaddecaf888',
      'feedfacedeadbeeffeedfacedeadbeefabaddad2',
      'd9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a72' +
        '1c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657ba637b39',
      '522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2bd2555d1aa' +
        '8cb08e48590dbb3da7b08b1056828838c5f61e6393ba7a0abcc9f662',
      '76fc6ece0f4e1768cddf8853bb2d551b',
    ],
  ])('AES-256-GCM (McGrew and Viega, case %s)', (_case, key, nonce, data, plain, cipher, tag) => {
    const aead = crypto.aes256Gcm(hex(key))
    expect(encodeHex(aead.seal(hex(nonce), hex(data), hex(plain)))).toBe(cipher + tag)
    expect(aead.open(hex(nonce), hex(data), hex(cipher + tag))).toEqual(hex(plain))
  })

  test('ChaCha20-Poly1305 (RFC 8439 section 2.8.2)', () => {
    const aead = crypto.chacha20Poly1305(run(0x80, 32))
    const nonce = hex('070000004041424344454647')
    const data = hex('50515253c0c1c2c3c4c5c6c7')
    const plaintext = encodeAscii(
      "Ladies and Gentlemen of the class of '99: If I could offer you only one tip for the " +
        'future, sunscreen would be it.',
    )
    const sealed =
      'd31a8d34648e60db7b86afbc53ef7ec2a4aded51296e08fea9e2b5a736ee62d6' +
      '3dbea45e8ca9671282fafb69da92728b1a71de0a9e060b2905d6a5b67ecd3b36' +
      '92ddbd7f2d778b8c9803aee328091b58fab324e4fad675945585808b4831d7bc' +
      '3ff4def08e4b7a9de576d26586cec64b6116' +
      '1ae10b594f09e26a7e902ecbd0600691'
    expect(encodeHex(aead.seal(nonce, data, plaintext))).toBe(sealed)
    expect(aead.open(nonce, data, hex(sealed))).toEqual(plaintext)
  })

  test('the public keys of 1 and n - 1 are the base point and its negative (SEC 2)', () => {
    const x = '79be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798'
    expect(encodeHex(crypto.publicKeyOf(privateKey(1n)))).toBe(`02${x}`)
    expect(encodeHex(crypto.publicKeyOf(privateKey(ORDER - 1n)))).toBe(`03${x}`)
    for (const prefix of ['02', '03']) {
      for (const key of [1n, ORDER - 1n]) {
        expect(crypto.sharedX(privateKey(key), hex(prefix + x))).toEqual(hex(x))
      }
    }
  })

  test.each([
    [
      'Satoshi Nakamoto',
      '934b1ea10a4b3c1757e2b0c017d0b6143ce3c9a7e6a4a49860d7a6ab210ee3d8',
      '2442ce9d2b916064108014783e923ec36b49743e2ffa1c4496f01a512aafd9e5',
    ],
    [
      'All those moments will be lost in time, like tears in rain. Time to die...',
      '8600dbd41e348fe5c9465ab92d23e3db8b98b873beecd930736488696438cb6b',
      '547fe64427496db33bf66019dacbf0039c04199abb0122918601db38a72cfc21',
    ],
  ])('RFC 6979 on secp256k1 with the key 1: "%s"', (text, r, s) => {
    const message = encodeAscii(text)
    expect(encodeHex(crypto.sign(message, privateKey(1n)))).toBe(r + s)
    expect(crypto.verify(message, hex(r + s), crypto.publicKeyOf(privateKey(1n)))).toBe(true)
  })

  /** BOTD #2 section 10: each private key is the hash of a label. */
  const keyOf = (label: string) => crypto.sha256(encodeAscii(label))
  const identity = (label: string) => crypto.publicKeyOf(keyOf(label))

  test('the public keys, signatures and shared secret of BOTD #2 section 10', () => {
    const [alice, bob] = [identity('botd alice static'), identity('botd bob static')]
    const [fromAlice, fromBob] = [identity('botd alice ephemeral'), identity('botd bob ephemeral')]
    expect([alice, bob, fromAlice, fromBob].map(encodeHex)).toEqual([
      '037a854531853f5131f7e528b516ed47461d4231c55d03ace443a3039b4a09726d',
      '0228daf89c6f8794c22fb7439f4208c0b609bee0ed9f13cf4e5de6b9c7cd41ec85',
      '034e2f1c0fc10b89298e9f12126fd43cb4da20386d4aee9af31ae23cdd54797ca1',
      '03eab3dfce0abf713943346d32911af273334a7aa18cec97118758585af3b6fd59',
    ])

    const init = Uint8Array.of(...alice, ...bob, ...fromAlice)
    const ack = Uint8Array.of(...bob, ...alice, ...fromBob)
    expect([init, ack].map((signed) => encodeHex(crypto.sha256(signed)))).toEqual([
      '463a48e7625cab46008fac8ce9ffc3e448e390947cfb1af9bf6af6979315fc66',
      '5b182d15443e80449951ca413286de2961ec613a0b7f123809f5027702231658',
    ])
    expect(encodeHex(crypto.sign(init, keyOf('botd alice static')))).toBe(
      '2e879a12d0f11d430dcf6000cff6305799eef72b43ef7b6c9864d5b043740a39' +
        '4c7e8777d119f33ef1d91877e53ec2b312d41976b1a2a5aa1b458c0d4ccbaef8',
    )
    expect(encodeHex(crypto.sign(ack, keyOf('botd bob static')))).toBe(
      'd93fa252e7f0b75afc3fa0d848670f158f3631b3d6476d39d9e600fb5ea2d08f' +
        '417dce2f92f25ccda694c3a0ddc9854213bb0c9c4126ae9628ae0691e2d9da6b',
    )

    const sharedX = hex('205bdee225971573f1416064284561694f1d9a35b350317a21544128cb684921')
    expect(crypto.sharedX(keyOf('botd alice ephemeral'), fromBob)).toEqual(sharedX)
    expect(crypto.sharedX(keyOf('botd bob ephemeral'), fromAlice)).toEqual(sharedX)
  })

  test('the public keys and shared secret of the native protocol, section 14', () => {
    const labels = ['nn alice static', 'nn bob static', 'nn alice ephemeral', 'nn bob ephemeral']
    expect(labels.map((label) => encodeHex(identity(label)))).toEqual([
      '0266016592ffed0ed18b97e3d8a4657fa8e284087d00a59812c978164bc4c37805',
      '0384f70bff2e574104242115ba31dc955c5f59d10e2d818216c485e53ac4fb0cfc',
      '033f0e7a4ed921be3feedd6c570397d115bc45293b8f5bf6baa0491e05291254e6',
      '030934eee16e88a175e6c4cd47b42df7208d743126a0f5e640f9e4bd3b31596bcd',
    ])
    const sharedX = hex('f596abe428fe03f92fb40748a21dc819738a46f43efc28682d6638b4773d51f8')
    const [alice, bob] = [keyOf('nn alice ephemeral'), keyOf('nn bob ephemeral')]
    expect(crypto.sharedX(alice, crypto.publicKeyOf(bob))).toEqual(sharedX)
    expect(crypto.sharedX(bob, crypto.publicKeyOf(alice))).toEqual(sharedX)
  })
})
