/**
 * Messages about transactions that wait for a block: the wish to be told all (BIP 35), and from which fee
 * on it is worth telling (BIP 133).
 * @module
 */
import { WireError } from '../wire-error.ts'
import { writeU64le } from '../writer.ts'
import { checkAtMost, emptyPayload, readI64le } from './fields.ts'
import type { PayloadCodec } from './fields.ts'

/** MAX_MONEY: 21 million, in units of 1e-8. */
export const MONEY_MAX = 2_100_000_000_000_000

export interface FeeFilterMessage {
  readonly type: 'feefilter'
  /** In units of 1e-8 for 1,000 bytes (BIP 141's virtual ones); up to `MONEY_MAX`. */
  readonly feeRate: number
}

export interface PoolMessages {
  readonly mempool: { readonly type: 'mempool' }
  readonly feefilter: FeeFilterMessage
}

export const POOL_CODECS: {
  readonly [Type in keyof PoolMessages]: PayloadCodec<PoolMessages[Type]>
} = {
  mempool: emptyPayload('mempool'),
  feefilter: {
    read(reader) {
      const feeRate = readI64le(reader)
      if (feeRate < 0n || feeRate > MONEY_MAX) throw new WireError('skip', 'out-of-range')
      return { type: 'feefilter', feeRate: Number(feeRate) }
    },
    write: (writer, { feeRate }) => writeU64le(writer, BigInt(checkAtMost(feeRate, MONEY_MAX))),
    payloadBytesMax: 8,
  },
}
