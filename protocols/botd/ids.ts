/**
 * Ids of messages: 16 random bytes in hexadecimal. Who has them drawn says from which chance.
 * @module
 */
import { encodeHex } from '../../codec/bytes.ts'
import type { Random } from '../../world/random.ts'

const ID_BYTES = 16

export const drawId = (random: Random): string => encodeHex(random.bytes(ID_BYTES))
