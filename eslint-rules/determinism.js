/**
 * What keeps a run a function of its inputs: the names that the core may not use, because they
 * bring in time, chance, the platform or a second order of events. The replacement stands in each
 * message. `test/tidy.test.ts` guards the same ground without ESLint.
 * @module
 */
import { builtinModules } from 'node:module'

const OUTSIDE = 'The core reaches the outside through the injected world only:'

const global = (names, message) => names.map((name) => ({ name, message }))

export const globals = [
  ...global(['performance', 'Temporal'], `${OUTSIDE} read the time of the step.`),
  ...global(
    ['setTimeout', 'setInterval', 'setImmediate', 'queueMicrotask', 'requestAnimationFrame'],
    `${OUTSIDE} ask the step loop for a timer or for the end of the turn.`,
  ),
  ...global(
    ['clearTimeout', 'clearInterval', 'clearImmediate'],
    `${OUTSIDE} cancel through the step loop.`,
  ),
  ...global(['crypto'], `${OUTSIDE} take the injected CryptoBackend or random source.`),
  ...global(['process', 'fetch', 'WebSocket', 'navigator', 'require'], `${OUTSIDE} none of it.`),
  ...global(
    ['Worker', 'MessageChannel', 'MessagePort', 'BroadcastChannel'],
    `${OUTSIDE} use jobs.`,
  ),
  ...global(['console'], 'Report through the observation port.'),
  ...global(['globalThis', 'global', 'window', 'self'], 'It hides which global is used.'),
  ...global(['Buffer'], 'Use Uint8Array.'),
  ...global(['WeakRef', 'FinalizationRegistry'], 'Garbage collection is not an input.'),
  ...global(['Atomics', 'SharedArrayBuffer'], 'Threads are not an input: use jobs.'),
  ...global(['Intl'], "The machine's language is not an input."),
]

/** Left to the engine by ECMA-262: their last digit differs between engines and versions. */
const APPROXIMATE = ['pow', 'exp', 'expm1', 'log', 'log1p', 'log2', 'log10', 'hypot', 'cbrt']
  .concat(['sin', 'cos', 'tan', 'asin', 'acos', 'atan', 'atan2'])
  .concat(['sinh', 'cosh', 'tanh', 'asinh', 'acosh', 'atanh'])

export const properties = [
  { object: 'Date', property: 'now', message: `${OUTSIDE} read the time of the step.` },
  { object: 'Math', property: 'random', message: `${OUTSIDE} use the injected random source.` },
  {
    object: 'AbortSignal',
    property: 'timeout',
    message: `${OUTSIDE} use a timer of the step loop.`,
  },
  ...APPROXIMATE.map((property) => ({
    object: 'Math',
    property,
    message: 'Its last digit differs between engines: multiply repeatedly, or use a table.',
  })),
  ...['localeCompare', 'toLocaleString', 'toLocaleDateString', 'toLocaleTimeString']
    .concat(['toLocaleLowerCase', 'toLocaleUpperCase'])
    .map((property) => ({ property, message: "The machine's language is not an input." })),
]

export const syntax = [
  {
    selector: ':matches(NewExpression, CallExpression)[callee.name="Date"][arguments.length=0]',
    message: `${OUTSIDE} read the time of the step.`,
  },
  {
    selector:
      ':matches(BinaryExpression[operator="**"], AssignmentExpression[operator="**="])' +
      ':not([left.raw=/^(0x[0-9a-f_]+|[0-9_]+)n?$/i]):not([right.bigint])',
    message: 'Only an integer literal may be raised: the last digit differs between engines.',
  },
  {
    selector: 'TSTypeReference[typeName.name="Buffer"]',
    message: 'Use Uint8Array.',
  },
  {
    selector: 'TSQualifiedName[left.name="NodeJS"]',
    message: `${OUTSIDE} name its contracts, not those of Node.`,
  },
  {
    selector: 'CallExpression[callee.name="shareReplay"][arguments.length>1]',
    message: 'shareReplay with a window keeps time.',
  },
  {
    selector: 'NewExpression[callee.name="ReplaySubject"][arguments.length>1]',
    message: 'ReplaySubject with a window keeps time.',
  },
  {
    selector: 'CallExpression[callee.name="shareReplay"] Property[key.name="windowTime"]',
    message: 'shareReplay with a window keeps time.',
  },
  {
    selector: 'CallExpression[callee.name=/^(retry|repeat)$/] Property[key.name="delay"]',
    message: 'retry and repeat with a delay keep time.',
  },
  {
    selector:
      ':matches(NewExpression[callee.name="LRUCache"], CallExpression[callee.property.name="set"])' +
      ' > ObjectExpression > Property[key.name=/^ttl/]',
    message: 'A cache that expires keeps time: store the due time and compare it with the step.',
  },
]

const NO_PROMISE = 'The core has no promise; the edge of the public API has (promise-edge.json).'

/** On top of the above, everywhere but at the edge of the public API. */
export const promiseSyntax = [
  { selector: ':function[async=true]', message: NO_PROMISE },
  { selector: 'ImportExpression', message: NO_PROMISE },
  { selector: 'AwaitExpression', message: NO_PROMISE },
  { selector: 'ForOfStatement[await=true]', message: NO_PROMISE },
  {
    selector:
      'Identifier[name=/^(Promise|PromiseLike|AsyncIterable|AsyncIterator|AsyncGenerator)$/]',
    message: NO_PROMISE,
  },
  {
    selector: 'CallExpression > MemberExpression.callee[property.name=/^(then|catch|finally)$/]',
    message: NO_PROMISE,
  },
]

const RXJS_TIME = ['debounceTime', 'throttleTime', 'delay', 'delayWhen', 'timer', 'interval']
  .concat(['timeout', 'timeoutWith', 'auditTime', 'sampleTime', 'bufferTime', 'windowTime'])
  .concat(['timeInterval', 'timestamp', 'observeOn', 'subscribeOn', 'animationFrames', 'scheduled'])
  .concat(['asyncScheduler', 'asapScheduler', 'queueScheduler', 'animationFrameScheduler'])
  .concat(['async', 'asap', 'queue', 'animationFrame'])

const promisesOf = {
  rxjs: ['firstValueFrom', 'lastValueFrom'],
  xstate: ['fromPromise', 'toPromise', 'waitFor'],
}

/** The options of `no-restricted-imports`; `promises` says whether promise helpers may be imported. */
export const imports = ({ promises }) => ({
  paths: [
    ...builtinModules.map((name) => ({ name, message: `${OUTSIDE} no platform module.` })),
    { name: 'rxjs', importNames: RXJS_TIME, message: 'It keeps time: use the step loop.' },
    { name: 'xstate', importNames: ['SimulatedClock'], message: 'It jumps over chained timers.' },
    ...(promises
      ? []
      : Object.entries(promisesOf).map(([name, importNames]) => ({
          name,
          importNames,
          message: NO_PROMISE,
        }))),
  ],
  patterns: [
    { group: ['node:*'], message: `${OUTSIDE} no platform module.` },
    { group: ['rxjs/*'], message: "Import from 'rxjs', where what keeps time is refused by name." },
  ],
})
