/**
 * A node's world with a trace at its edge: every input that the world brings and everything that the
 * node asks of it. It stands outside of the node, which is run as it is anywhere else.
 * @module
 */
import type { Input } from '../../world/input.ts'
import type { Effect } from '../../world/observation.ts'
import type { World } from '../../world/world.ts'
import { mixInBytes, mixInText } from './mixing.ts'
import type { Trace } from './trace.ts'

/** Complete by its type: what a node can ask for, as numbers that stay the same. */
const CODES: Readonly<Record<Exclude<Effect['kind'], 'store.read'>, number>> = {
  'stream.open': 1,
  'stream.write': 2,
  'stream.destroy': 3,
  'stream.end': 4,
  'stream.pause': 5,
  'stream.report': 6,
  'stream.resume': 7,
  'listener.listen': 8,
  'listener.unlisten': 9,
  'datagrams.bind': 10,
  'datagrams.send': 11,
  'datagrams.unbind': 12,
  'names.resolve': 13,
  'job.run': 14,
  'store.write': 15,
  'store.close': 16,
}

function aboutOf(input: Input): number | string {
  if ('stream' in input) return input.stream
  if ('request' in input) return input.request
  if ('listener' in input) return input.listener
  if ('batch' in input) return input.batch
  if ('socket' in input) return input.socket
  return input.kind === 'command' ? input.command.name : 0
}

/** Traces an input that is about to enter; for those that come from outside of the world as well. */
export type TraceInput = (input: Input) => void

export const traceInputsOf =
  (trace: Trace, node: number, nowMs: () => number): TraceInput =>
  (input) => {
    trace.input(
      node,
      nowMs(),
      input.kind,
      aboutOf(input),
      'bytes' in input ? input.bytes.length : 0,
    )
  }

export function tracedWorld(world: World, trace: Trace, traceInput: TraceInput): World {
  const { clock, datagrams, jobs, names, store, streams } = world
  // A write is mixed in whole.
  const { writePieces: _, ...whole } = streams
  const { asked, effects } = trace

  const entering =
    <Entered extends Input>(enter: (input: Entered) => void) =>
    (input: Entered): void => {
      traceInput(input)
      enter(input)
    }

  return {
    ...world,
    clock: { ...clock, start: (enter) => clock.start(entering(enter)) },
    streams: {
      ...whole,
      start: (enter) => streams.start(entering(enter)),
      open(stream, address) {
        asked(CODES['stream.open'], stream)
        mixInText(effects, address.host)
        streams.open(stream, address)
      },
      listen(listener, address) {
        asked(CODES['listener.listen'], listener)
        streams.listen(listener, address)
      },
      unlisten(listener) {
        asked(CODES['listener.unlisten'], listener)
        streams.unlisten(listener)
      },
      write(stream, bytes) {
        asked(CODES['stream.write'], stream)
        mixInBytes(effects, bytes)
        streams.write(stream, bytes)
      },
      pause(stream) {
        asked(CODES['stream.pause'], stream)
        streams.pause(stream)
      },
      resume(stream) {
        asked(CODES['stream.resume'], stream)
        streams.resume(stream)
      },
      report(stream) {
        asked(CODES['stream.report'], stream)
        streams.report(stream)
      },
      end(stream) {
        asked(CODES['stream.end'], stream)
        streams.end(stream)
      },
      destroy(stream) {
        asked(CODES['stream.destroy'], stream)
        streams.destroy(stream)
      },
    },
    ...(datagrams === undefined
      ? {}
      : {
          datagrams: {
            ...datagrams,
            start: (enter) => datagrams.start(entering(enter)),
            bind(socket, address) {
              asked(CODES['datagrams.bind'], socket)
              datagrams.bind(socket, address)
            },
            send(socket, to, bytes) {
              asked(CODES['datagrams.send'], socket)
              mixInBytes(effects, bytes)
              datagrams.send(socket, to, bytes)
            },
            unbind(socket) {
              asked(CODES['datagrams.unbind'], socket)
              datagrams.unbind(socket)
            },
          },
        }),
    names: {
      ...names,
      start: (enter) => names.start(entering(enter)),
      resolve(request, host) {
        asked(CODES['names.resolve'], request)
        mixInText(effects, host)
        names.resolve(request, host)
      },
    },
    jobs: {
      ...jobs,
      start: (enter) => jobs.start(entering(enter)),
      run(request, job) {
        asked(CODES['job.run'], request)
        mixInText(effects, job.operation)
        jobs.run(request, job)
      },
    },
    store: {
      ...store,
      open: (answer) => store.open(entering(answer)),
      write(batch, changes) {
        asked(CODES['store.write'], batch)
        for (const { key, table, value } of changes) {
          mixInText(effects, table)
          mixInBytes(effects, key)
          if (value !== undefined) mixInBytes(effects, value)
        }
        store.write(batch, changes)
      },
      close() {
        asked(CODES['store.close'], 0)
        store.close()
      },
    },
  }
}
