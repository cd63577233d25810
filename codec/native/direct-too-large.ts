/**
 * A direct with a field above its limit. Its request id was readable and its end is known, so the
 * session stays (specification, section 6, code 413): this one message is passed over.
 * @module
 */
import { WireError } from '../wire-error.ts'
import type { NativeWireDetail } from './wire-details.ts'

export class DirectTooLargeError extends WireError<NativeWireDetail> {
  /** Which request it was: what an answer has to name. In memory of its own. */
  readonly requestId: Uint8Array

  constructor(requestId: Uint8Array) {
    super('skip', 'direct-too-large')
    this.requestId = requestId
  }
}
