/**
 * What a page asks of recordings, by the address that a command printed.
 */
import type { JournalOpened, JournalStep, Refusal } from '../../inspector/messages.ts'

interface Answered {
  readonly opened?: JournalOpened
  readonly at?: JournalStep
  readonly forked?: { readonly file: string }
  readonly files?: readonly { readonly file: string; readonly bytes: number }[]
  readonly refused?: Refusal
}

export function askJournals(url: string): (request: object) => Promise<Answered> {
  const { hash, origin } = new URL(url)
  const authorization = `Bearer ${hash.replace('#token=', '')}`
  return async (request) => {
    const response = await fetch(`${origin}/journals`, {
      ...{ method: 'POST', body: JSON.stringify(request) },
      headers: { authorization, 'content-type': 'application/json' },
    })
    return (await response.json()) as Answered
  }
}
