import type { Seat } from '../../testing/protocol/subject.ts'

/** The private key of whoever sits there. */
export const keyOf = (seat: Seat): Uint8Array =>
  new Uint8Array(32).fill({ listener: 1, dialler: 2, bystander: 3 }[seat])

export const say = <Type extends string>(type: Type, ...payload: readonly number[]) => ({
  type,
  payload: Uint8Array.from(payload),
})

/** How many days of whatever may happen; `npm run seeds` asks for more than `npm test`. */
export const DAYS = Number(process.env['PEERLOOM_DAYS'] ?? 10)
