/**
 * Why a command did not do what it was asked: one sentence for the person at the terminal.
 * @module
 */

export class CommandFault extends Error {
  override readonly name = 'CommandFault'
  /** 1: our fault. 2: usage. */
  readonly exitCode: 1 | 2

  /** @param options `cause`: what is shown with --verbose. */
  constructor(exitCode: 1 | 2, sentence: string, options?: ErrorOptions) {
    super(sentence, options)
    this.exitCode = exitCode
  }
}
