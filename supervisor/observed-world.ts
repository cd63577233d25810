/**
 * The injected world with the observation port at its edge: what the core asks is told before it is
 * done, when anybody looks.
 * @module
 */
import type { Effect, ObservationPort } from '../world/observation.ts'
import type { StoreEntry } from '../world/store.ts'
import type { StreamId } from '../world/streams.ts'
import type { World } from '../world/world.ts'

export function observedWorld(world: World, port: ObservationPort): World {
  const tell = (effect: Effect): void => {
    port.tell({ of: 'effect', effect })
  }
  const { datagrams, jobs, names, store, streams } = world
  const writePieces = (stream: StreamId, pieces: readonly Uint8Array[]): void => {
    if (port.wants.effect) tell({ kind: 'stream.write', stream, pieces })
    streams.writePieces?.(stream, pieces)
  }
  return {
    ...world,
    streams: {
      start: (enter) => {
        streams.start(enter)
      },
      held: () => streams.held(),
      open(stream, address) {
        if (port.wants.effect) tell({ kind: 'stream.open', stream, address })
        streams.open(stream, address)
      },
      listen(listener, address) {
        if (port.wants.effect) tell({ kind: 'listener.listen', listener, address })
        streams.listen(listener, address)
      },
      unlisten(listener) {
        if (port.wants.effect) tell({ kind: 'listener.unlisten', listener })
        streams.unlisten(listener)
      },
      write(stream, bytes) {
        if (port.wants.effect) tell({ kind: 'stream.write', stream, pieces: [bytes] })
        streams.write(stream, bytes)
      },
      ...(streams.writePieces === undefined ? {} : { writePieces }),
      pause(stream) {
        if (port.wants.effect) tell({ kind: 'stream.pause', stream })
        streams.pause(stream)
      },
      resume(stream) {
        if (port.wants.effect) tell({ kind: 'stream.resume', stream })
        streams.resume(stream)
      },
      report(stream) {
        if (port.wants.effect) tell({ kind: 'stream.report', stream })
        streams.report(stream)
      },
      end(stream) {
        if (port.wants.effect) tell({ kind: 'stream.end', stream })
        streams.end(stream)
      },
      destroy(stream) {
        if (port.wants.effect) tell({ kind: 'stream.destroy', stream })
        streams.destroy(stream)
      },
    },
    ...(datagrams === undefined
      ? {}
      : {
          datagrams: {
            start: (enter) => {
              datagrams.start(enter)
            },
            held: () => datagrams.held(),
            bind(socket, address) {
              if (port.wants.effect) tell({ kind: 'datagrams.bind', socket, address })
              datagrams.bind(socket, address)
            },
            send(socket, to, bytes) {
              if (port.wants.effect) tell({ kind: 'datagrams.send', socket, to, bytes })
              datagrams.send(socket, to, bytes)
            },
            unbind(socket) {
              if (port.wants.effect) tell({ kind: 'datagrams.unbind', socket })
              datagrams.unbind(socket)
            },
          },
        }),
    names: {
      start: (enter) => {
        names.start(enter)
      },
      resolve(request, host) {
        if (port.wants.effect) tell({ kind: 'names.resolve', request, host })
        names.resolve(request, host)
      },
      // It leaves the node's own path as it is, and so it is not told.
      forget: (request) => {
        names.forget(request)
      },
    },
    jobs: {
      start: (enter) => {
        jobs.start(enter)
      },
      run(request, job) {
        if (port.wants.effect) tell({ kind: 'job.run', request, operation: job.operation })
        jobs.run(request, job)
      },
      stop: () => {
        jobs.stop()
      },
    },
    store: {
      open: (answer) => {
        store.open(answer)
      },
      get(table, key) {
        const value = store.get(table, key)
        if (port.wants.effect) {
          tell({ kind: 'store.read', table, entries: value === undefined ? [] : [[key, value]] })
        }
        return value
      },
      range(table, range) {
        const found = store.range(table, range)
        if (!port.wants.effect) return found
        const entries: readonly StoreEntry[] = [...found]
        tell({ kind: 'store.read', table, entries })
        return entries
      },
      write(batch, changes) {
        if (port.wants.effect) tell({ kind: 'store.write', batch, changes })
        store.write(batch, changes)
      },
      close() {
        if (port.wants.effect) tell({ kind: 'store.close' })
        store.close()
      },
    },
  }
}
