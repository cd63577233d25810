/**
 * The worked example of the specification: Alice dials Bob. Private keys are SHA-256 of labels, so that
 * anybody can make them again. The signatures have the deterministic nonces of RFC 6979, which
 * node:crypto does not draw: they are verified here, and stand as data wherever one is sent.
 * @module
 */
export const LABEL = {
  aliceStatic: 'botd alice static',
  bobStatic: 'botd bob static',
  aliceEphemeral: 'botd alice ephemeral',
  bobEphemeral: 'botd bob ephemeral',
} as const

/** Each is one figure, 32 times. */
export const ID = {
  init: '1'.repeat(32),
  ack: '2'.repeat(32),
  ping: '3'.repeat(32),
  pong: '4'.repeat(32),
  diallerConfirm: '5'.repeat(32),
  listenerConfirm: '6'.repeat(32),
} as const

export const INIT_PAYLOAD_BYTES = 205
export const ACK_PAYLOAD_BYTES = 169

export const VECTORS = {
  aliceStaticKey: '037a854531853f5131f7e528b516ed47461d4231c55d03ace443a3039b4a09726d',
  bobStaticKey: '0228daf89c6f8794c22fb7439f4208c0b609bee0ed9f13cf4e5de6b9c7cd41ec85',
  aliceEphemeralKey: '034e2f1c0fc10b89298e9f12126fd43cb4da20386d4aee9af31ae23cdd54797ca1',
  bobEphemeralKey: '03eab3dfce0abf713943346d32911af273334a7aa18cec97118758585af3b6fd59',
  initDigest: '463a48e7625cab46008fac8ce9ffc3e448e390947cfb1af9bf6af6979315fc66',
  initSignature:
    '2e879a12d0f11d430dcf6000cff6305799eef72b43ef7b6c9864d5b043740a394c7e8777d119f33ef1d91877' +
    'e53ec2b312d41976b1a2a5aa1b458c0d4ccbaef8',
  initHead: 'cd00000085b73e9b',
  initFrameHash: '821d5d2d6fc081a2389ab528b2e94e69eba086b405bcedbaa5a51060792a500c',
  ackDigest: '5b182d15443e80449951ca413286de2961ec613a0b7f123809f5027702231658',
  ackSignature:
    'd93fa252e7f0b75afc3fa0d848670f158f3631b3d6476d39d9e600fb5ea2d08f417dce2f92f25ccda694c3a0' +
    'ddc9854213bb0c9c4126ae9628ae0691e2d9da6b',
  ackHead: 'a90000000bf8a46e',
  sharedX: '205bdee225971573f1416064284561694f1d9a35b350317a21544128cb684921',
  transcript: '96e1cff2a3a424448609fc6d3ef4699bbad1a208e717d025805a12d91768e68f',
  extracted: '9f55f085f80340984c149e4903bfd774888b8b18def1f3749a08b562cc0d5469',
  diallerMaterial:
    '41b09d470fb4c0c6e53070eab5ac0407b940fdead690d118d62e6566134f4ab1401a3be1cabe926fe3e1cd20',
  listenerMaterial:
    'f1b4d2a89f500d646a9d37731efe96079d889e9c61177ee325db22771887ec7aeb07ee2906af7c8ef1765ff1',
  diallerConfirm:
    '56000000e772345c69bd69290ef0086443bc7b3d16b20e9a0c3c496ee87402a2bdd5b44366e4fd9e29fcfc57' +
    '1f2680c0ac166f041872336efe4c601b661f7dc5d9634cad5ba6157377d8d9e7e8a9eaa335a99923f1678492' +
    'ebec',
  listenerConfirm:
    '56000000dc92495a94852a7cfceb68a827b16d9b020841a8c19797542dc889b6dd7936c3e2ce3ce0023e328a' +
    '6ba671cab129e5e85d189e4a222995045990a773cfcca74de3e215109dbb3f91983fd183ce2901a7851a572e' +
    'c3cf',
  diallerPing:
    '340000008cb79f494eb5c16336fd1612f44436e6575c58c1a0ae9ccd67ba1d926cb80dc6e72147eb3e9ef78f' +
    '0a921a59c1b43bf2f70aeb5d',
  listenerPong:
    '56000000f8c72c8bbe5ed8ffa4748cd877bd8add1a4d24208c56862e9f646e8d33385af5a0f177890e9fa24c' +
    'c89e159066eb68e4dce9c49e1b9e834051f8dc5ef6568deb64fc7ccddd3e06fb3701470200bee1749c17b067' +
    '56d4',
  diallerMaterialAfterRekey:
    'ff45de09a1b42a2a1e60b05cf6958e54cfddcefe7f0f3d01daf68aa7e585fbbe7cf7f9090c9542bef44cf1b6',
  diallerPingAfterRekey:
    '34000000096d72568edb0fdf29fb2410a6fced2807993d29979a97ea2242fd5d2711985124181a2a3b8af284' +
    '314049f4c2d89d3b767c4582',
} as const
