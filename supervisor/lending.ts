/**
 * What one incarnation of a sub-protocol is lent: timers, feeds, jobs, watching, serving. All of it is
 * taken back when the incarnation ends, whatever it was doing.
 * @module
 */
import type { Application, ApplicationUse, Services } from '../actors/services.ts'
import type {
  ChildShown,
  ChildStore,
  ChildTools,
  ConnectionWatcher,
  DatagramTarget,
  Routed,
} from '../actors/child.ts'
import type { ConnectionView } from '../actors/protocol.ts'
import type { Router } from '../actors/router.ts'
import type { CloseDetail } from '../machines/reasons.ts'
import type { ProtocolTypes } from '../machines/session.ts'
import type { CryptoBackend } from '../world/crypto.ts'
import type { Jobs } from '../world/jobs.ts'
import type { Names } from '../world/names.ts'
import type { Random } from '../world/random.ts'
import type { StepLoop } from '../world/step-loop.ts'
import type { Store } from '../world/store.ts'
import type { SocketAddress } from '../world/streams.ts'
import type { ApplicationDesk } from './application.ts'
import { PeerloomError } from '../world/errors.ts'
import type { SupervisorEvent } from './events.ts'
import type { StoreWrites } from './store-writes.ts'

/** What all children of a node are lent from. */
export interface Lender<T extends ProtocolTypes> {
  readonly loop: StepLoop
  readonly random: Random
  readonly crypto: CryptoBackend
  readonly jobs: Jobs
  readonly router: Router<T>
  readonly store: Pick<Store, 'get' | 'range'>
  readonly writes: StoreWrites
  readonly application: ApplicationDesk
  /** Who watches connections now. */
  readonly watchers: Set<ConnectionWatcher<T>>
  connections(): readonly ConnectionView<T>[]
  send(connection: string, message: T['message']): 'queued' | 'full' | 'gone'
  sendDatagram(to: DatagramTarget, message: T['message']): 'sent' | 'no-way'
  describe: ChildTools<T>['describe']
  report(connection: string, detail: T['detail']): void
  close(connection: string, detail: CloseDetail<T['detail']>): void
  banned(identity: string): number | undefined
  admits(identity: string): boolean
  listening(): readonly SocketAddress[]
  readonly names: Names
  dial: ChildTools<T>['dial']
  wantedCount(): number
  seek: ChildTools<T>['seek']
  readonly book: ChildTools<T>['book']
  heard(connection: string, address: T['address'], seenMs: number): boolean
  sample: ChildTools<T>['sample']
  isHeld(connection: string): boolean
  isUnderWay(connection: string, sinceMs: number): boolean
  isPaused(): boolean
  tell(event: SupervisorEvent): void
}

export interface Borrower {
  readonly child: string
  readonly uses: readonly ApplicationUse[]
  /** The incarnation's own name. */
  readonly name: string
  /** Runs what comes for it, unless it is over; a throw is its failure. */
  guarded(run: () => void): void
  onFault(error: unknown): void
  done(): void
}

export interface Lent<T extends ProtocolTypes> {
  readonly tools: ChildTools<T>
  /** By type: what still waits for this child goes here. */
  readonly feeds: ReadonlyMap<string, (routed: Routed<T['message']>) => void>
  /** What the incarnation shows of itself. */
  shown(): ChildShown
  takeBack(): void
}

export function lend<T extends ProtocolTypes>(lender: Lender<T>, borrower: Borrower): Lent<T> {
  const { loop, router } = lender
  const { child, guarded, name } = borrower
  const timers = new Set<() => void>()
  const feeds = new Map<string, (routed: Routed<T['message']>) => void>()
  const questions = new Set<number>()
  const returns: (() => void)[] = []

  const tableOf = (table: string): string => `${child}.${table}`
  const store: ChildStore = {
    get: (table, key) => lender.store.get(tableOf(table), key),
    range: (table, range) => lender.store.range(tableOf(table), range),
    write(changes, settled) {
      lender.writes.write(
        changes.map(({ key, table, value }) => ({ table: tableOf(table), key, value })),
        settled,
      )
    },
  }

  const shows: (() => ChildShown)[] = []
  const shown = (): ChildShown => {
    const parts = shows.map((show) => show())
    return {
      counts: Object.assign({}, ...parts.map(({ counts }) => counts)) as Record<string, number>,
      totals: Object.assign({}, ...parts.map(({ totals }) => totals)) as Record<string, number>,
      progress: parts.flatMap(({ progress = [] }) => progress),
    }
  }

  let isOver = false
  const { application } = lender
  const checkUse = (use: ApplicationUse): void => {
    if (borrower.uses.includes(use)) return
    throw new PeerloomError('bad-argument', `${child} does not name ${use} among what it uses`)
  }
  const asking: Application = {
    deliver(delivery) {
      checkUse('topic')
      application.deliver(delivery)
    },
    ask(what, about, done) {
      checkUse(what)
      return application.ask(what, about, (answered) => {
        const tell = (): void => {
          done(answered)
        }
        if (isOver && about.lasting === true) tell()
        else guarded(tell)
      })
    },
  }

  const guardedWatcher = (watcher: ConnectionWatcher<T>): ConnectionWatcher<T> => ({
    active(connection) {
      guarded(() => watcher.active?.(connection))
    },
    gone(connection) {
      guarded(() => watcher.gone?.(connection))
    },
  })

  /** A throw is the child's failure; its calls are settled as it goes down. */
  const guardedCall =
    <Asked, Settle>(serve: ((asked: Asked, settle: Settle) => () => void) | undefined) =>
    (asked: Asked, settle: Settle): (() => void) => {
      let callOff: (() => void) | undefined
      guarded(() => {
        callOff = serve?.(asked, settle)
      })
      return () => {
        // Of a call that the next incarnation goes on with: it is called off all the same.
        if (isOver) callOff?.()
        else guarded(() => callOff?.())
      }
    }

  const guardedServices = (services: Services): Services => ({
    ...services,
    ...(services.request && { request: guardedCall(services.request) }),
    ...(services.publish && { publish: guardedCall(services.publish) }),
    ...(services.list && { list: guardedCall(services.list) }),
  })

  const tools: ChildTools<T> = {
    name,
    random: lender.random.fork(name),
    crypto: lender.crypto,
    store,
    application: asking,
    monotonicMs: () => loop.step.monotonicMs,
    wallMs: () => loop.step.wallMs,
    after(afterMs, ring) {
      const timer = loop.after(afterMs, () => {
        timers.delete(cancel)
        guarded(ring)
      })
      const cancel = (): void => {
        timers.delete(cancel)
        loop.cancel(timer)
      }
      timers.add(cancel)
      return cancel
    },
    feed(type, take) {
      // The router's table is by type: what arrives under it is of that type.
      const takeAny = take as (routed: Routed<T['message']>) => void
      feeds.set(type, takeAny)
      const unfeed = router.feed(
        type,
        (routed) => {
          takeAny(routed)
          return 'taken'
        },
        borrower.onFault,
      )
      returns.push(unfeed)
    },
    run(job, done) {
      const request = loop.ask((input) => {
        questions.delete(request)
        guarded(() => {
          done(input.kind === 'job.done' ? input.result : undefined)
        })
      })
      questions.add(request)
      lender.jobs.run(request, job)
    },
    resolve(host, done) {
      if (lender.isPaused()) {
        loop.atEndOfTurn(() => {
          guarded(() => {
            done([])
          })
        })
        return
      }
      const request = loop.ask((input) => {
        questions.delete(request)
        guarded(() => {
          done(input.kind === 'names.resolved' ? input.hosts : [])
        })
      })
      questions.add(request)
      lender.names.resolve(request, host)
    },
    dial: lender.dial,
    wantedCount: lender.wantedCount,
    isPaused: lender.isPaused,
    connections: lender.connections,
    watch(watcher) {
      const own = guardedWatcher(watcher)
      lender.watchers.add(own)
      returns.push(() => lender.watchers.delete(own))
    },
    serve(services: Services) {
      returns.push(application.offer(child, guardedServices(services)))
    },
    send: lender.send,
    sendDatagram: lender.sendDatagram,
    seek: lender.seek,
    book: lender.book,
    heard: lender.heard,
    sample: lender.sample,
    isHeld: lender.isHeld,
    isUnderWay: lender.isUnderWay,
    describe: lender.describe,
    report: lender.report,
    close: lender.close,
    banned: lender.banned,
    admits: lender.admits,
    listening: lender.listening,
    show(read) {
      shows.push(read)
    },
    note(what, about = {}) {
      lender.tell({ type: 'child.noted', child, what, about })
    },
    done: borrower.done,
  }

  return {
    tools,
    feeds,
    shown,
    takeBack() {
      isOver = true
      for (const giveBack of returns) giveBack()
      for (const cancel of [...timers]) cancel()
      for (const request of questions) {
        loop.forget(request)
        lender.names.forget(request)
      }
      questions.clear()
    },
  }
}
