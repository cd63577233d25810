/**
 * An RxJS observable whose consumers cannot harm the node: what a subscriber throws is caught and
 * reported, where RxJS would make it an uncaught exception of the process. That holds behind any
 * chain of operators, because `lift` hands the guard on.
 *
 * A class, because RxJS composes by subclass.
 * @module
 */
import { Observable, Subscriber } from 'rxjs'
import type { Observer, Operator, Subscription, TeardownLogic } from 'rxjs'

export class GuardedObservable<Value> extends Observable<Value> {
  readonly #onThrow: (error: unknown) => void

  constructor(
    onThrow: (error: unknown) => void,
    subscribe?: (this: Observable<Value>, subscriber: Subscriber<Value>) => TeardownLogic,
  ) {
    super(subscribe)
    this.#onThrow = onThrow
  }

  override lift<Result>(operator?: Operator<Value, Result>): Observable<Result> {
    const lifted = new GuardedObservable<Result>(this.#onThrow)
    lifted.source = this
    if (operator !== undefined) lifted.operator = operator
    return lifted
  }

  override subscribe(
    observerOrNext?: Partial<Observer<Value>> | ((value: Value) => void) | null,
    error?: ((error: unknown) => void) | null,
    complete?: (() => void) | null,
  ): Subscription {
    // An operator's own subscriber: the guard stands at the end of the chain.
    if (observerOrNext instanceof Subscriber) return super.subscribe(observerOrNext)
    const observer: Partial<Observer<Value>> =
      typeof observerOrNext === 'function'
        ? {
            next: observerOrNext,
            ...(error == null ? {} : { error }),
            ...(complete == null ? {} : { complete }),
          }
        : (observerOrNext ?? {})
    const guarded = (run: () => void): void => {
      try {
        run()
      } catch (thrown) {
        this.#onThrow(thrown)
      }
    }
    return super.subscribe({
      // Not by `guarded`: it would take a closure for each message.
      next: (value) => {
        try {
          observer.next?.(value)
        } catch (thrown) {
          this.#onThrow(thrown)
        }
      },
      error: (failure: unknown) => {
        if (observer.error === undefined) this.#onThrow(failure)
        else guarded(() => observer.error?.(failure))
      },
      complete: () => {
        guarded(() => observer.complete?.())
      },
    })
  }
}
