import { execFileSync } from 'node:child_process'
import { closeSync, mkdtempSync, openSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import { startOnionService } from '../../../transport/onion-service.ts'
import type { OnionChange, OnionServiceOptions } from '../../../transport/onion-service.ts'
import { seededRandom } from '../../../transport/random.ts'
import { tcp } from '../../../transport/tcp.ts'
import { platformUntil, turn } from '../support.ts'
import {
  COOKIE,
  KEY,
  manualAfter,
  SERVICE_ID,
  startController,
  torOf,
} from '../../support/tor-controller.ts'
import type { Script } from '../../support/tor-controller.ts'

const TARGET = { host: '127.0.0.1', port: 8334 }
const ADDRESS = { host: `${SERVICE_ID}.onion`, port: 8333 }
const SAFE = 'METHODS=COOKIE,SAFECOOKIE COOKIEFILE="/run/tor/control.authcookie"'

/** The script, but for what `answers` says to commands that begin so. */
const but =
  (answers: Readonly<Record<string, string | undefined>>, script: Script = torOf()): Script =>
  (command) => {
    const usual = script(command)
    const verb = Object.keys(answers).find((beginning) => command.startsWith(beginning))
    return verb === undefined ? usual : answers[verb]
  }

async function startService(
  script: Script = torOf(),
  options: Partial<OnionServiceOptions> = {},
  pieceBytes = 1_000_000,
) {
  const controller = await startController(script)
  controller.pieceBytes = pieceBytes
  const timers = manualAfter()
  const changes: OnionChange[] = []
  const streams = tcp()
  const paths: string[] = []
  const service = startOnionService({
    ...{ virtualPort: 8333, target: TARGET, control: controller.address, after: timers.after },
    ...{ streams, random: seededRandom('onion') },
    readCookie(path, answer) {
      paths.push(path)
      setImmediate(() => answer(COOKIE))
    },
    onChange: (change) => changes.push(change),
    ...options,
  })
  onTestFinished(() => {
    service.stop()
    expect(streams.held()).toEqual({ streams: 0, listeners: 0 })
    expect(timers.waits()).toEqual([])
  })
  return {
    ...{ changes, controller, paths, service, streams, timers },
    changed: (count = 1) => platformUntil(() => changes.length >= count, `${count} changes`),
  }
}

const faultsOf = (changes: readonly OnionChange[]) =>
  changes.map((change) => (change.kind === 'failed' ? change.fault : change.kind))

describe('feature_torcontrol: PROTOCOLINFO/AUTHENTICATE/ADD_ONION dialogue with a mock', () => {
  test('a service is set up, told with its key and Tor’s proxy, and has no deadline from then on', async () => {
    const { changed, changes, controller, service, timers } = await startService()
    expect(service.published).toBeUndefined()
    await changed()
    expect(controller.commands).toEqual([
      'PROTOCOLINFO 1',
      'AUTHENTICATE',
      'GETINFO net/listeners/socks',
      'ADD_ONION NEW:ED25519-V3 PoWDefensesEnabled=1 Port=8333,127.0.0.1:8334',
    ])
    const proxy = { host: '127.0.0.1', port: 9150 }
    expect(changes).toEqual([{ kind: 'published', address: ADDRESS, key: KEY, proxy }])
    expect(service.published).toEqual(ADDRESS)
    expect(timers.waits()).toEqual([])
  })

  test('a key of before is used again, and Tor is not asked for a proxy where there is one', async () => {
    const { changed, changes, controller } = await startService(torOf(), {
      ...{ key: 'ED25519-V3:abcd+/==', asksForProxy: false },
      target: { host: '::1', port: 7 },
    })
    await changed()
    expect(controller.commands.slice(2)).toEqual([
      'ADD_ONION ED25519-V3:abcd+/== PoWDefensesEnabled=1 Port=8333,[::1]:7',
    ])
    expect(changes).toMatchObject([{ key: 'ED25519-V3:abcd+/==', proxy: undefined }])
  })

  test('a password is quoted, and comes before all else where Tor takes one', async () => {
    const { changed, controller } = await startService(torOf('METHODS=NULL,HASHEDPASSWORD'), {
      password: 'a "b" \\ ä',
    })
    await changed()
    expect(controller.commands[1]).toBe('AUTHENTICATE "a \\"b\\" \\\\ ä"')
  })

  test('where Tor wants nothing, nothing is shown, not even a password', async () => {
    const methods = 'METHODS=COOKIE,SAFECOOKIE,NULL COOKIEFILE="/run/tor/control.authcookie"'
    const { changed, controller } = await startService(torOf(methods), { password: 'secret' })
    await changed()
    expect(controller.commands[1]).toBe('AUTHENTICATE')
  })

  test('the cookie is proven and never sent', async () => {
    const { changed, changes, controller, paths } = await startService(torOf(SAFE))
    await changed()
    expect(faultsOf(changes)).toEqual(['published'])
    expect(paths).toEqual(['/run/tor/control.authcookie'])
    expect(controller.commands[1]).toMatch(/^AUTHCHALLENGE SAFECOOKIE [0-9a-f]{64}$/)
    expect(controller.commands[2]).toMatch(/^AUTHENTICATE [0-9a-f]{64}$/)
    const cookie = Buffer.from(COOKIE).toString('hex')
    expect(controller.commands.join('\n')).not.toContain(cookie)
  })

  test('the path of the cookie is read as it was quoted', async () => {
    const quoted = String.raw`METHODS=SAFECOOKIE COOKIEFILE="/a \"b\" \\ \303\244/ö"`
    const { changed, paths } = await startService(torOf(quoted))
    await changed()
    expect(paths).toEqual(['/a "b" \\ ä/ö'])
  })

  describe('the file of the cookie', () => {
    function startFolder(): string {
      const folder = mkdtempSync(join(tmpdir(), 'peerloom-test-cookie-'))
      onTestFinished(() => rmSync(folder, { recursive: true }))
      return folder
    }

    /** What becomes of a service whose Tor names that file, read from the disk. */
    async function faultsWith(file: string) {
      const controller = await startController(torOf(`METHODS=SAFECOOKIE COOKIEFILE="${file}"`))
      const changes: OnionChange[] = []
      const service = startOnionService({
        ...{ virtualPort: 8333, target: TARGET, control: controller.address },
        onChange: (change) => changes.push(change),
      })
      await platformUntil(() => changes.length > 0, 'a change')
      service.stop()
      return faultsOf(changes)
    }

    test('is read, and none but one of 32 bytes is taken', async () => {
      const path = join(startFolder(), 'cookie')
      const read = (bytes: Uint8Array) => {
        writeFileSync(path, bytes)
        return faultsWith(path)
      }
      expect(await read(COOKIE)).toEqual(['published'])
      expect(await read(COOKIE.slice(1))).toEqual(['bad-cookie'])
      expect(await read(new Uint8Array(33))).toEqual(['bad-cookie'])
      rmSync(path)
      expect(await faultsWith(path)).toEqual(['bad-cookie'])
    })

    test('is not waited for where it is a named pipe: that would take a thread for good', async () => {
      const pipe = join(startFolder(), 'pipe')
      execFileSync('mkfifo', [pipe])
      // Lets go of whoever waits for a writer.
      onTestFinished(() => closeSync(openSync(pipe, 'r+')))
      expect(await faultsWith(pipe)).toEqual(['bad-cookie'])
    })
  })
})

describe('feature_torcontrol: partial reads', () => {
  test.each([1, 2, 7])('answers that come in pieces of %i bytes are the same', async (bytes) => {
    const { changed, changes, controller } = await startService(torOf(SAFE), {}, bytes)
    await changed()
    expect(changes).toMatchObject([{ kind: 'published', address: ADDRESS, key: KEY }])
    expect(controller.commands).toHaveLength(5)
  })

  test('lines may end without a CR, and data may stand in lines of its own', async () => {
    const { changed, changes } = await startService(
      but({
        PROTOCOLINFO: '250-PROTOCOLINFO 1\n250-AUTH METHODS=NULL\n250 OK\n',
        GETINFO: '250+config=\r\n250 this is data\r\n.\r\n250 OK\r\n',
      }),
    )
    await changed()
    expect(changes).toMatchObject([{ kind: 'published', proxy: { port: 9050 } }])
  })
})

describe('feature_torcontrol: 512 fallback', () => {
  const syntax = '512 Unrecognized ADD_ONION argument\r\n'

  test('a Tor that knows no defences is asked without them', async () => {
    const { changed, changes, controller } = await startService(
      but({ 'ADD_ONION NEW:ED25519-V3 PoW': syntax }),
    )
    await changed()
    expect(faultsOf(changes)).toEqual(['published'])
    expect(controller.commands.at(-1)).toBe('ADD_ONION NEW:ED25519-V3 Port=8333,127.0.0.1:8334')
  })

  test('once: a second 512 is a refusal', async () => {
    const { changed, changes, controller } = await startService(but({ ADD_ONION: syntax }))
    await changed()
    expect(faultsOf(changes)).toEqual(['refused-service'])
    expect(controller.commands.filter((line) => line.startsWith('ADD_ONION'))).toHaveLength(2)
  })
})

describe('feature_torcontrol: line and count limits', () => {
  const lineOf = (length: number): string => `250-${'x'.repeat(length - 4)}\r\n`
  const end = '250 OK\r\n'
  const linesOf = (count: number): string => '250-x\r\n'.repeat(count - 1) + end

  test.each([
    ['a line of 100,000 bytes', lineOf(100_000) + end],
    ['1,000 lines', linesOf(1_000)],
  ])('%s is taken', async (_, answer) => {
    const { changed, changes } = await startService(but({ AUTHENTICATE: answer }))
    await changed()
    expect(faultsOf(changes)).toEqual(['published'])
  })

  test.each([
    ['a line of 100,001 bytes', lineOf(100_001)],
    ['a line of 100,001 bytes that ends without a CR', lineOf(100_001).replace('\r', '')],
    ['a line that goes on and on', 'x'.repeat(100_002)],
    ['1,001 lines', linesOf(1_001)],
    ['1,001 lines of data', `250+x\r\n${'x\r\n'.repeat(1_000)}`],
    ['more than a mebibyte of long lines', lineOf(99_999).repeat(11)],
  ])('%s drops the control connection', async (_, answer) => {
    const { changed, changes, controller, streams } = await startService(
      but({ AUTHENTICATE: answer }),
    )
    await changed()
    expect(faultsOf(changes)).toEqual(['bad-reply'])
    expect(streams.held().streams).toBe(0)
    await platformUntil(() => controller.openCount() === 0, 'the connection to go')
  })
})

describe('an answer that ends the attempt', () => {
  test.each([
    ['that is none', { PROTOCOLINFO: 'HTTP/1.1 400 Bad Request\r\n' }, 'bad-reply'],
    ['of another code', { PROTOCOLINFO: '551 no\r\n' }, 'bad-reply'],
    ['without methods', { PROTOCOLINFO: '250-PROTOCOLINFO 1\r\n250 OK\r\n' }, 'bad-reply'],
    [
      'with methods that cannot be read',
      { PROTOCOLINFO: '250-AUTH METHODS="x\r\n250 OK\r\n' },
      'bad-reply',
    ],
    [
      'that names no file for its cookie',
      { PROTOCOLINFO: '250-AUTH METHODS=SAFECOOKIE\r\n250 OK\r\n' },
      'bad-reply',
    ],
    [
      'that wants a password',
      { PROTOCOLINFO: '250-AUTH METHODS=HASHEDPASSWORD\r\n250 OK\r\n' },
      'no-authentication',
    ],
    [
      'that wants the cookie sent',
      { PROTOCOLINFO: '250-AUTH METHODS=COOKIE COOKIEFILE="/x"\r\n250 OK\r\n' },
      'no-authentication',
    ],
    ['that lets nobody in', { AUTHENTICATE: '515 no\r\n' }, 'refused-authentication'],
    ['that sets up nothing', { ADD_ONION: '551 no\r\n' }, 'refused-service'],
    ['without a name', { ADD_ONION: `250-PrivateKey=${KEY}\r\n250 OK\r\n` }, 'bad-reply'],
    ['without a key', { ADD_ONION: `250-ServiceID=${SERVICE_ID}\r\n250 OK\r\n` }, 'bad-reply'],
    [
      'with a name that is none',
      { ADD_ONION: `250-ServiceID=${SERVICE_ID}x\r\n250-PrivateKey=${KEY}\r\n250 OK\r\n` },
      'bad-reply',
    ],
    [
      'with a key of another kind',
      { ADD_ONION: `250-ServiceID=${SERVICE_ID}\r\n250-PrivateKey=RSA1024:x\r\n250 OK\r\n` },
      'bad-reply',
    ],
  ])('%s', async (_, answers, fault) => {
    const { changed, changes } = await startService(but(answers))
    await changed()
    expect(changes).toEqual([{ kind: 'failed', fault, lost: undefined, retryMs: 1_000 }])
  })

  test.each([
    ['a hash that is not Tor’s', torOf(SAFE, new Uint8Array(32)), COOKIE, 'wrong-server'],
    [
      'a challenge that is refused',
      but({ AUTHCHALLENGE: '513 no\r\n' }, torOf(SAFE)),
      COOKIE,
      'refused-authentication',
    ],
    [
      'a challenge without a nonce',
      but({ AUTHCHALLENGE: `250 AUTHCHALLENGE SERVERHASH=${'0'.repeat(64)}\r\n` }, torOf(SAFE)),
      COOKIE,
      'bad-reply',
    ],
    ['a cookie that is too short', torOf(SAFE), new Uint8Array(31), 'bad-cookie'],
    ['a cookie that is too long', torOf(SAFE), new Uint8Array(33), 'bad-cookie'],
    ['no cookie', torOf(SAFE), undefined, 'bad-cookie'],
  ])('%s', async (_, script, cookie, fault) => {
    const { changed, changes, controller } = await startService(script, {
      readCookie: (_path, answer) => setImmediate(() => answer(cookie)),
    })
    await changed()
    expect(faultsOf(changes)).toEqual([fault])
    // Nothing was shown to whom it is not for.
    expect(controller.commands.some((line) => line.startsWith('AUTHENTICATE'))).toBe(false)
  })

  test('a reply that nobody asked for', async () => {
    const { changed, changes, controller, service } = await startService()
    await changed()
    controller.say('250 OK\r\n')
    await changed(2)
    expect(changes[1]).toMatchObject({ fault: 'bad-reply', lost: ADDRESS })
    expect(service.published).toBeUndefined()
  })
})

test('what Tor tells by itself is passed over, also between a command and its answer', async () => {
  const event = '650 STATUS_CLIENT NOTICE BOOTSTRAP PROGRESS=100\r\n'
  const { changed, changes, controller } = await startService((command) =>
    [event, torOf()(command) ?? '', event].join(''),
  )
  await changed()
  controller.say(event)
  for (let count = 0; count < 20; count++) await turn()
  expect(faultsOf(changes)).toEqual(['published'])
})

describe('Tor’s proxy', () => {
  test.each([
    ['"10.0.0.1:9050" "127.0.0.1:9150"', '127.0.0.1', 9150],
    ['"[::1]:9051" "unix:/run/socks"', '::1', 9051],
    ['"unix:/run/socks"', '127.0.0.1', 9050],
    ['"localhost:9055" "127.0.0.1"', '127.0.0.1', 9050],
    ['', '127.0.0.1', 9050],
  ])('of %s is %s:%i', async (list, host, port) => {
    const { changed, changes } = await startService(
      but({ GETINFO: `250-net/listeners/socks=${list}\r\n250 OK\r\n` }),
    )
    await changed()
    expect(changes).toMatchObject([{ proxy: { host, port } }])
  })

  test('of a Tor that does not know the question is the usual one', async () => {
    const { changed, changes } = await startService(but({ GETINFO: '552 what?\r\n' }))
    await changed()
    expect(changes).toMatchObject([{ proxy: { host: '127.0.0.1', port: 9050 } }])
  })
})

describe('a control connection that is lost', () => {
  test('takes the service with it, which is set up again under its name', async () => {
    const { changed, changes, controller, service, timers } = await startService()
    await changed()
    controller.hangUp()
    await changed(2)
    expect(changes[1]).toEqual({ kind: 'failed', fault: 'lost', lost: ADDRESS, retryMs: 1_000 })
    expect(service.published).toBeUndefined()
    timers.ring()
    await changed(3)
    expect(changes[2]).toMatchObject({ kind: 'published', address: ADDRESS })
    expect(controller.commands.at(-1)).toContain(`ADD_ONION ${KEY} PoWDefensesEnabled=1`)
  })

  test('is tried again after 1 s, half as long again each time, and 10 minutes at most', async () => {
    const { changes, controller, timers } = await startService(but({ PROTOCOLINFO: '551 no\r\n' }))
    for (let attempt = 1; attempt <= 20; attempt++) {
      if (attempt > 1) timers.ring()
      await platformUntil(() => changes.length === attempt, `attempt ${attempt}`)
    }
    const waits = changes.map((change) => (change.kind === 'failed' ? change.retryMs : 0))
    expect(waits.slice(0, 4)).toEqual([1_000, 1_500, 2_250, 3_375])
    for (const [index, ms] of waits.slice(1).entries()) {
      expect(ms).toBe(Math.min(600_000, (waits[index] ?? 0) * 1.5))
    }
    expect(waits.at(-1)).toBe(600_000)
    // A success makes it patient again.
    controller.script = torOf()
    timers.ring()
    await platformUntil(() => changes.length === 21, 'the service')
    controller.hangUp()
    await platformUntil(() => changes.length === 22, 'its loss')
    expect(faultsOf(changes.slice(-2))).toEqual(['published', 'lost'])
    expect(changes.at(-1)).toMatchObject({ retryMs: 1_000 })
  })

  test('is told as unreachable where nobody listens, or nobody answers', async () => {
    const { address } = await startController()
    const free = { ...address, port: 1 }
    const { changed, changes, timers } = await startService(torOf(), { control: free })
    await changed()
    expect(faultsOf(changes)).toEqual(['unreachable'])
    timers.ring()
    // The second attempt: its time is up before the platform has an answer.
    expect(timers.waits()).toEqual([5_000])
    timers.ring()
    expect(faultsOf(changes)).toEqual(['unreachable', 'unreachable'])
  })

  test.each(['PROTOCOLINFO', 'AUTHCHALLENGE', 'AUTHENTICATE', 'GETINFO', 'ADD_ONION'])(
    'is given up where %s is not answered within 20 s, however busy the other side is',
    async (verb) => {
      const script = but({ [verb]: '250-' }, torOf(SAFE))
      const { changes, controller, timers } = await startService(script)
      await platformUntil(() => controller.commands.at(-1)?.startsWith(verb) === true, verb)
      expect(timers.waits()).toEqual([20_000])
      controller.say('still here')
      for (let count = 0; count < 20; count++) await turn()
      timers.ring()
      expect(faultsOf(changes)).toEqual(['timed-out'])
    },
  )

  test('is given up where the cookie is not read in time; what comes of it later goes nowhere', async () => {
    const answers: ((cookie: Uint8Array) => void)[] = []
    const { changed, changes, controller, timers } = await startService(torOf(SAFE), {
      readCookie: (_, answer) => answers.push(answer),
    })
    await platformUntil(() => answers.length === 1, 'the question')
    timers.ring()
    await changed()
    expect(faultsOf(changes)).toEqual(['timed-out'])
    answers[0]?.(COOKIE)
    timers.ring()
    await platformUntil(() => answers.length === 2, 'the next question')
    // A wrong one would end the attempt.
    answers[0]?.(new Uint8Array(0))
    expect(changes).toHaveLength(1)
    answers[1]?.(COOKIE)
    await changed(2)
    expect(faultsOf(changes)).toEqual(['timed-out', 'published'])
    expect(controller.commands.slice(0, 2)).toEqual(['PROTOCOLINFO 1', 'PROTOCOLINFO 1'])
  })
})

describe('a service that is stopped', () => {
  test('is taken down with its connection, and says nothing more', async () => {
    const { changed, changes, controller, service, timers } = await startService()
    await changed()
    service.stop()
    service.stop()
    await platformUntil(() => controller.openCount() === 0, 'the connection to go')
    expect(changes).toHaveLength(1)
    expect([service.published, timers.waits()]).toEqual([undefined, []])
  })

  test('from inside of what it tells comes to nothing more', async () => {
    const { changes, controller, timers, service } = await startService(torOf(), {
      onChange: () => undefined,
    })
    const told: string[] = []
    const other = startOnionService({
      ...{ virtualPort: 8333, target: TARGET, control: { host: '127.0.0.1', port: 1 } },
      after: timers.after,
      onChange({ kind }) {
        told.push(kind)
        other.stop()
      },
    })
    await platformUntil(() => told.length > 0, 'the failure')
    await platformUntil(() => service.published !== undefined, 'the other service')
    expect([told, timers.waits(), changes]).toEqual([['failed'], [], []])
    expect(controller.connectionCount()).toBe(1)
  })
})

test.each<[string, Partial<OnionServiceOptions>, RegExp]>([
  [
    'a control port that is a name',
    { control: { host: 'localhost', port: 9051 } },
    /localhost:9051/,
  ],
  ['a target without a port', { target: { host: '127.0.0.1', port: 0 } }, /127\.0\.0\.1:0/],
  ['a port that is none', { virtualPort: 65_536 }, /:65536/],
  ['a key with a line of its own', { key: `${KEY}\r\nSIGNAL SHUTDOWN` }, /no key/],
  ['a key of another kind', { key: 'RSA1024:AAAA' }, /no key/],
  ['a password with a line of its own', { password: 'x\r\nSIGNAL SHUTDOWN' }, /no control/],
  ['no password at all', { password: '' }, /no control/],
])('%s is refused where it is given', (_, options, sentence) => {
  const usual = { virtualPort: 8333, target: TARGET, onChange: () => undefined, streams: tcp() }
  expect(() => startOnionService({ ...usual, ...options })).toThrow(sentence)
})
