/**
 * The node's address book as a child uses it whose network decides by rules of its own what it believes,
 * whom it dials and what it tells. Times are the wall clock's, and the step's where none is given.
 * @module
 */

/** Times are Unix milliseconds; 0 stands for never. */
export interface AddressView<Address> {
  readonly address: Address
  readonly table: 'new' | 'tried'
  /** How often it stands there: in tried once. */
  readonly places: number
  readonly seenMs: number
  readonly succeededMs: number
  readonly attemptedMs: number
  /** Since the last success. */
  readonly failures: number
  /** What is claimed about it, as 64 flags of the network's own. */
  readonly marks: bigint
}

export interface AddressChoice<Address> {
  /** Only what no connection was ever made to. */
  readonly isNewOnly?: boolean
  readonly isWanted?: (view: AddressView<Address>) => boolean
}

/** Where an address was heard of, and what is claimed about it. */
export interface Hearsay {
  /** What `groupBytes` says of whoever told it. */
  readonly sourceGroup: Uint8Array
  /** The address is the teller's own: no penalty. */
  readonly isOwnSource: boolean
  readonly seenMs: number
  /** Taken off `seenMs`, so that what is passed on does not stay young. */
  readonly penaltyMs: number
  /** Flags of the network's own, at most 64: those of a known address are added to. */
  readonly marks: bigint
}

/** Keys are those of the network's rules. */
export interface LentBook<Address> {
  /** Whether the address is in the book now and was not before. */
  heard(address: Address, hearsay: Hearsay): boolean
  /** What it says of itself takes the place of what others claimed. */
  mark(key: string, marks: bigint): void
  /** It leaves the book at once. */
  remove(key: string): void

  /** An address to dial, drawn so that no group of sources outweighs the others. */
  select(choice?: AddressChoice<Address>): AddressView<Address> | undefined
  /** At most `max` and at most so many of a hundred, drawn, for telling others. */
  sample(
    max: number,
    percent: number,
    isTellable?: (view: AddressView<Address>) => boolean,
  ): readonly AddressView<Address>[]
  find(key: string): AddressView<Address> | undefined
  /**
   * Old addresses of the tried table whose place a newcomer wants, and which have to be dialled to
   * decide. What can be decided already is: an old address with a connection has proven itself.
   */
  collisions(): readonly AddressView<Address>[]
  readonly size: { readonly new: number; readonly tried: number }

  /** Banned or discouraged: nobody is told of it, and nothing of it is taken in. */
  isKeptOut(address: Address): boolean
}
