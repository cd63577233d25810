import { expect, test } from 'vitest'
import { createAccess } from '../../inspector/access.ts'

const refusal = (port: number, host: string, origin?: string) =>
  createAccess({ port, origins: [] }).wrongWith({ host, ...(origin && { origin }) })

test.each([
  [80, 'localhost', 'http://localhost'],
  [80, '127.0.0.1', 'http://127.0.0.1'],
  [80, '127.0.0.1:80', 'http://127.0.0.1:80'],
  [8_080, 'LOCALHOST:8080', 'http://localhost:8080'],
])('on port %i a browser calls it %s', (port, host, origin) => {
  expect(refusal(port, host)).toBeUndefined()
  expect(refusal(port, host, origin)).toBeUndefined()
})

test.each([
  [80, 'example.org', undefined],
  [80, 'localhost:8080', undefined],
  [8_080, 'localhost', undefined],
  [80, 'localhost', 'http://localhost:8080'],
  [8_080, 'localhost:8080', 'http://localhost'],
  [80, 'localhost', 'https://localhost'],
])('on port %i nobody comes by %s from %s', (port, host, origin) => {
  expect(refusal(port, host, origin)).toMatch(/name of this machine|came from elsewhere/)
})
