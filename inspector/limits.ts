/**
 * The numbers of the inspector's server. It listens on loopback alone; what they bound is what a page
 * that went wrong, or another user of the machine, can take from the node.
 * @module
 */
export const INSPECTOR_LIMITS = {
  /** Pages and other readers together: a person has a few tabs open. */
  clientsMax: 16,
  /** Sockets, of readers and of requests: a browser opens six for one page. */
  socketsMax: 64,
  /** From a socket's beginning to the end of its request's head. */
  requestMs: 10_000,
  /** A browser asks for the page's files one right behind the other. */
  idleMs: 5_000,
  /** Twice Node's default, for the cookies that other servers on this host left in the browser. */
  headBytesMax: 32_768,
  /** One message of a page: its longest query is under a kilobyte. */
  messageBytesMax: 16_384,
  /** Messages of one page in a second: somebody who types sends ten. */
  messagesPerSecondMax: 100,
  /** What is written and not read yet, a reader: a few answers of 200 rows. Above it answers are left out. */
  unreadBytesMax: 1_048_576,
  /** So long a reader may leave that unread, and a request its answer, before it is closed: a tab that sleeps comes back to a page that connects again. */
  unreadMs: 10_000,
  /** A reader that is gone without a word is noticed within twice this time. */
  heartbeatMs: 15_000,
  /** For a farewell of either side or a refusal, before the socket is cut. */
  farewellMs: 1_000,
  /** An action: a name and a reason. */
  actionBytesMax: 16_384,
  /** An uploaded journal of 16 MiB in base64, and what stands around it. */
  journalBytesMax: 23_068_672,
  /** Such requests at once: each is some hundred megabytes while it is read and understood. */
  journalsAtOnceMax: 4,
  /** For an upload of that size, and for the answer to it. */
  journalMs: 60_000,
} as const

export type InspectorLimits = { readonly [Name in keyof typeof INSPECTOR_LIMITS]: number }
