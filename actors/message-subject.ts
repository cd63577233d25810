/**
 * A subject for messages: what it is given goes to each RxJS subscriber that it has at that moment.
 * RxJS's own does the same, with a closure, an iterator and a result of it for each value: 280 bytes,
 * which is more than a small message.
 * @module
 */
import type { Subscriber } from 'rxjs'

export interface MessageSubject<Value> {
  /**
   * The function that it returns takes the subscriber away. What is being handed on still reaches it, and
   * RxJS passes over that where it is unsubscribed.
   */
  add(subscriber: Subscriber<Value>): () => void
  next(value: Value): void
  /** Unlike RxJS's own it could go on: whoever owns it gives it nothing more, and nobody new. */
  complete(): void
  isObserved(): boolean
}

export function createMessageSubject<Value>(): MessageSubject<Value> {
  /** Another list with each change, so that one may come or go while a value is handed on. */
  let subscribers: readonly Subscriber<Value>[] = []
  return {
    add(subscriber) {
      subscribers = [...subscribers, subscriber]
      return () => {
        subscribers = subscribers.filter((other) => other !== subscriber)
      }
    },
    next(value) {
      for (const subscriber of subscribers) subscriber.next(value)
    },
    complete() {
      const all = subscribers
      subscribers = []
      for (const subscriber of all) subscriber.complete()
    },
    isObserved: () => subscribers.length > 0,
  }
}
