/**
 * Small simulations of the native network, for tests.
 * @module
 */
import type { NativeTypes } from '../../../machines/handshakes/native.ts'
import { tools } from '../../../protocols/native.ts'
import { SIMULATION_PRESETS } from '../../../testing/simulator/preset.ts'
import type { SimulationPreset } from '../../../testing/simulator/preset.ts'
import { simulate } from '../../../testing/simulator/simulation.ts'
import type { SimulationOptions, SimulationResult } from '../../../testing/simulator/simulation.ts'
import type { FaultPreset } from '../../../transport/simulated/faults.ts'

export type Changed = NonNullable<SimulationOptions<NativeTypes>['changed']>

type Given = Partial<Omit<SimulationOptions<NativeTypes>, 'preset'>> & {
  readonly faults?: FaultPreset
  readonly preset?: Partial<SimulationPreset>
}

export const run = ({ faults = 'swarm', preset = {}, ...options }: Given = {}): SimulationResult =>
  simulate<NativeTypes>({
    ...{ protocol: 'native', tools, nodes: 5, seed: 'test', durationMs: 30_000, crypto: 'model' },
    ...options,
    preset: { ...SIMULATION_PRESETS[faults], ...preset },
  })
