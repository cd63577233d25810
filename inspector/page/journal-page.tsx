/**
 * Time travel: a journal opened, stepped through and scrubbed, the charts as they stood at each step.
 * @module
 */
export function JournalPage() {
  return <h1>Journals</h1>
}
