import { Observable } from 'rxjs'
import { expect, test } from 'vitest'
import { createMessageSubject } from '../../actors/message-subject.ts'

function observed() {
  const subject = createMessageSubject<number>()
  const observable = new Observable<number>((subscriber) => subject.add(subscriber))
  return { subject, observable }
}

test('each who is there gets a value, and nobody who went', () => {
  const { subject, observable } = observed()
  const got: string[] = []
  const first = observable.subscribe((value) => got.push(`first ${value}`))
  const second = observable.subscribe((value) => got.push(`second ${value}`))
  subject.next(1)
  first.unsubscribe()
  subject.next(2)
  second.unsubscribe()
  subject.next(3)
  expect(got).toEqual(['first 1', 'second 1', 'second 2'])
  expect(subject.isObserved()).toBe(false)
})

test('who comes while a value is handed on gets the next one, and who goes gets no more', () => {
  const { subject, observable } = observed()
  const got: string[] = []
  observable.subscribe((value) => {
    got.push(`first ${value}`)
    if (value !== 1) return
    second.unsubscribe()
    observable.subscribe((later) => got.push(`third ${later}`))
  })
  const second = observable.subscribe((value) => got.push(`second ${value}`))
  subject.next(1)
  subject.next(2)
  expect(got).toEqual(['first 1', 'first 2', 'third 2'])
})

test('all are told of its end, once, and are let go of', () => {
  const { subject, observable } = observed()
  const got: string[] = []
  for (const name of ['first', 'second']) {
    observable.subscribe({
      complete() {
        got.push(name)
        subject.complete()
      },
    })
  }
  subject.complete()
  expect(got).toEqual(['first', 'second'])
  expect(subject.isObserved()).toBe(false)
})
