/**
 * The one error that codec/ throws or hands back.
 * @module
 */

/**
 * What becomes of the stream: pass over this unit, or close. What follows for the peer beyond the
 * connection is in the protocol's table of details, not the codec's to say.
 */
export type StreamAction = 'skip' | 'close'

/** `Detail` is the network's own closed union; there is no central list. */
export class WireError<Detail extends string = string> extends Error {
  override readonly name = 'WireError'
  readonly action: StreamAction
  readonly detail: Detail

  constructor(action: StreamAction, detail: Detail) {
    super(detail)
    this.action = action
    this.detail = detail
  }
}
