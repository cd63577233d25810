/**
 * The name of the network that the benchmark's nodes are of.
 * @module
 */
export const BENCH_NETWORK = 'peerloom/bench'
