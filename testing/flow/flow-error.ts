/**
 * Why a flow failed: what was expected and what came instead, with the last that happened.
 * @module
 */

export class FlowError extends Error {
  override readonly name = 'FlowError'
  /** For test runners that show both side by side. */
  readonly expected?: unknown
  readonly actual?: unknown
  constructor(
    message: string,
    compared?: { readonly expected: unknown; readonly actual: unknown },
  ) {
    super(message)
    if (compared === undefined) return
    this.expected = compared.expected
    this.actual = compared.actual
  }
}
