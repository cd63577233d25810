/**
 * What js-libp2p 3 takes from Node 22, for Node 20: so that all sides can run on the same Node. To be
 * imported before it.
 * @module
 */
interface Resolvers<Value> {
  readonly promise: Promise<Value>
  readonly resolve: (value: Value | PromiseLike<Value>) => void
  readonly reject: (reason?: unknown) => void
}

if (!('withResolvers' in Promise)) {
  Object.defineProperty(Promise, 'withResolvers', {
    value: <Value>(): Resolvers<Value> => {
      let settle: Omit<Resolvers<Value>, 'promise'> | undefined
      const promise = new Promise<Value>((resolve, reject) => (settle = { resolve, reject }))
      if (settle === undefined) throw new Error('a promise calls its executor at once')
      return { promise, ...(settle as Omit<Resolvers<Value>, 'promise'>) }
    },
  })
}
