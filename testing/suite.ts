/**
 * What a contract suite is made of, whatever the test runner: a list of titled cases that throw
 * when they fail.
 * @module
 */

export interface ContractCase {
  /** A sentence about the subject, without its name. */
  readonly title: string
  /** What it tells, if anything, is a figure: how many runs it made. */
  run(): Promise<string | undefined | void>
  /** So long it may take on a slow machine; a runner's own limit may be shorter. Left out: two minutes. */
  readonly timeoutMs?: number
}

/** A case computes and waits for nothing but this process: what takes longer hangs. */
export const CASE_MS = 120_000

/** Far above what anything here takes, below the time limit of a case. */
const DEADLINE_MS = 20_000

/** Waits, but not for ever: a case that hangs fails with what it was waiting for. */
export async function within<Result>(
  waiting: Promise<Result>,
  what: string,
  deadlineMs = DEADLINE_MS,
): Promise<Result> {
  let deadline: NodeJS.Timeout | undefined
  const late = new Promise<never>((_, reject) => {
    deadline = setTimeout(() => {
      reject(new Error(`waited ${deadlineMs} ms in vain for ${what}`))
    }, deadlineMs)
  })
  try {
    return await Promise.race([waiting, late])
  } finally {
    clearTimeout(deadline)
  }
}
