/**
 * What a scraper does: HTTP as it is spoken, and the text format read by its rules.
 */
import { connect } from 'node:net'
import type { Socket } from 'node:net'
import { once } from 'node:events'
import { onTestFinished } from 'vitest'
import { createSupervisor } from '../../index.ts'
import type { ProtocolTypes, Supervisor } from '../../index.ts'
import { native } from '../../protocols/native.ts'
import type { NativeTypes } from '../../protocols/native.ts'
import { tcp } from '../../transport/tcp.ts'

export interface Scraped {
  /** By name, with its type and help. */
  readonly families: ReadonlyMap<string, { readonly type: string; readonly help: string }>
  /** By the sample as it is written, labels and all. */
  readonly samples: ReadonlyMap<string, number>
  /** The sum of a metric's samples whose labels hold all of these. */
  sum(name: string, labels?: Readonly<Record<string, string>>): number
}

const SAMPLE = /^(?<name>[a-zA-Z_:][\w:]*)(?:\{(?<labels>.*)\})? (?<value>\S+)$/

/** @throws {Error} a line that the text format does not know, or a sample that stands there twice */
export function readMetrics(text: string): Scraped {
  const families = new Map<string, { type: string; help: string }>()
  const samples = new Map<string, number>()
  const parsed: { name: string; labels: string; value: number }[] = []
  for (const line of text.split('\n')) {
    if (line === '') continue
    const [, help, of = '', sentence = ''] = /^# (HELP) (\S+) (.*)$/.exec(line) ?? []
    const [, type, typed = '', kind = ''] = /^# (TYPE) (\S+) (\S+)$/.exec(line) ?? []
    if (help !== undefined) families.set(of, { type: '', help: sentence })
    else if (type !== undefined) {
      families.set(typed, { type: kind, help: families.get(typed)?.help ?? '' })
    } else {
      const groups = SAMPLE.exec(line)?.groups
      if (groups === undefined) throw new Error(`no line of the text format: ${line}`)
      const { labels = '', name = '', value } = groups
      const key = `${name}{${labels}}`
      if (samples.has(key)) throw new Error(`a second sample of ${key}`)
      samples.set(key, Number(value))
      parsed.push({ name, labels, value: Number(value) })
    }
  }
  return {
    families,
    samples,
    sum: (name, labels = {}) =>
      parsed
        .filter((one) => one.name === name)
        .filter((one) =>
          Object.entries(labels).every(([label, is]) => one.labels.includes(`${label}="${is}"`)),
        )
        .reduce((total, { value }) => total + value, 0),
  }
}

export async function scrape(url: string): Promise<Scraped> {
  const response = await fetch(url)
  if (response.status !== 200) throw new Error(`${response.status}: ${await response.text()}`)
  return readMetrics(await response.text())
}

/** A client that says what it wants to, byte by byte. */
export async function startRawClient(port: number): Promise<{
  readonly socket: Socket
  /** All that came until the server closed. */
  readonly ended: Promise<string>
}> {
  const socket = connect({ host: '127.0.0.1', port })
  onTestFinished(() => {
    socket.destroy()
  })
  let text = ''
  socket.setEncoding('latin1').on('data', (part: string) => (text += part))
  // What a server that turns somebody away does to the socket is the socket's affair.
  socket.on('error', () => undefined)
  const ended = once(socket, 'close').then(() => text)
  await once(socket, 'connect')
  return { socket, ended }
}

const stopping = (supervisor: Supervisor<ProtocolTypes>): void => {
  onTestFinished(async () => {
    await supervisor.stop()
  })
}

/** A node of the native network on a free port of this machine; `key` is one byte, repeated. */
export async function startNativeNode(name: string, key: number) {
  const protocol = native({ network: 'test/metrics', privateKey: new Uint8Array(32).fill(key) })
  const supervisor: Supervisor<NativeTypes> = createSupervisor({
    ...{ name, protocol, transport: tcp(), listen: ['127.0.0.1:0'] },
  })
  stopping(supervisor)
  await supervisor.start()
  const port = supervisor.listening[0]?.port ?? 0
  return { supervisor, address: `node://${protocol.identity ?? ''}@127.0.0.1:${port}` }
}
