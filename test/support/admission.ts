import type { AdmissionLimits } from '../../actors/protocol.ts'
import { createAdmission } from '../../supervisor/admission.ts'
import type { AdmissionOptions } from '../../supervisor/admission.ts'

const LIMITS: AdmissionLimits = {
  pendingInbound: 25,
  pendingOutbound: 25,
  pendingPerGroup: 8,
  inboundPerGroup: 10,
  acceptedPerGroup: { count: 20, withinMs: 60_000 },
}
const PLENTY = { perSecond: 1_000_000, burst: 1_000_000 }

/** Admission with connections that the test makes and closes. Hosts are `group/anything`. */
export function startAdmission(
  limits: Partial<AdmissionLimits> = {},
  options: Partial<AdmissionOptions> = {},
) {
  const open = new Map<string, number>()
  const banned = new Set<string>()
  const discouraged = new Set<string>()
  /** Groups. */
  const exempt = new Set<string>()
  const world = { freeSlots: Infinity, mayEvict: false }
  const displaced: string[] = []
  let next = 0
  const admission = createAdmission({
    limits: { ...LIMITS, ...limits },
    isBanned: (host) => banned.has(host),
    isDiscouraged: (host) => discouraged.has(host),
    freeSlots: () => world.freeSlots,
    mayEvict: () => world.mayEvict,
    receivedBytesOf: (name) => open.get(name) ?? 0,
    handshakes: PLENTY,
    ...options,
  })
  /** Arrives under the name, does what the decision says, and returns why it was refused. */
  const arrive = (group: string, nowMs: number, name = `c${String(next++)}`) => {
    const decision = admission.decide(
      { name, host: `${group}/host`, group, isExempt: exempt.has(group) },
      nowMs,
    )
    if (!decision.admit) return decision.reason
    if (decision.displace !== undefined) {
      displaced.push(decision.displace)
      admission.ended(decision.displace, nowMs, open.get(decision.displace) ?? 0)
      open.delete(decision.displace)
    }
    open.set(name, 0)
    return undefined
  }
  const end = (name: string, nowMs: number) => {
    admission.ended(name, nowMs, open.get(name) ?? 0)
    open.delete(name)
  }
  return { admission, arrive, end, open, banned, discouraged, exempt, world, displaced }
}
