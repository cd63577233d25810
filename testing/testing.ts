/**
 * What tests of a network, a transport or a store stand on: a virtual world and the contract suites.
 * @module
 */
export { within } from './suite.ts'
export type { ContractCase } from './suite.ts'
export { deadlineCase } from './charts/deadlines.ts'
export { chartPathCases } from './charts/paths.ts'
export type { Beginning, ChartPaths, Performance } from './charts/paths.ts'
export {
  connectionOf,
  NEVER,
  sessionPathCases,
  startDial,
  unitOf,
  watchChart,
} from './charts/session-paths.ts'
export type { SessionPaths, SessionStage } from './charts/session-paths.ts'
export type { Seen, Stimuli, Stimulus } from './charts/stimuli.ts'
export { recordTransitions } from './charts/taken.ts'
export type { TakenTransitions } from './charts/taken.ts'
export { datagramsContract } from './datagrams-contract.ts'
export { protocolContract } from './protocol-contract.ts'
export type { ProtocolContractOptions } from './protocol-contract.ts'
export type { Puppet } from './protocol/puppet.ts'
export type { Scene, SceneNode, StartOptions } from './protocol/scene.ts'
export type { ProtocolSubject, Seat } from './protocol/subject.ts'
export { record, replay } from './recording.ts'
export type { Difference, Recording, ReplayOptions } from './recording.ts'
export { simulatedMedium } from './simulated-store.ts'
export { storeContract } from './store-contract.ts'
export { streamsContract } from './streams-contract.ts'
export { transportContract } from './transport-contract.ts'
export { startVirtualWorld } from './virtual-world.ts'
export type { VirtualWorld, VirtualWorldOptions } from './virtual-world.ts'
