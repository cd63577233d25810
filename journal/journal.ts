/**
 * Recordings of nodes: in memory, read, and replayed. In a file: `peerloom/journal/file`.
 * @module
 */
export { memoryJournal } from './memory-journal.ts'
export type { MemoryJournal, MemoryJournalOptions } from './memory-journal.ts'
export type { JournalStatus } from './journal-writer.ts'
export type { JournalRecording } from './recording.ts'
export { decodeNodeJournal, redact } from './node-journal.ts'
export type { NodeJournal } from './node-journal.ts'
export type { JournalEnding, JournalHead } from './head.ts'
export type { JournalSecrets, NodeEntry, NodeHeader, OutcomeLine } from './node-entries.ts'
export { replay } from './replay.ts'
export type { JournalReplayOptions } from './replay.ts'
export type { Difference, NodeReplay, NodeSnapshot, ReplayedStep } from './node-replay.ts'
export type { ConnectionSnapshot } from './node-views.ts'
export type { Fork } from './replay-fork.ts'
export { printLine } from './outcome.ts'
export { storyOf } from './story.ts'
export { JournalError } from './journal-error.ts'
export type { JournalErrorCode } from './journal-error.ts'
