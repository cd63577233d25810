/**
 * A node of js-libp2p with what every use here needs: TCP, Noise, Yamux.
 * @module
 */
import './platform.ts'
import { noise } from '@chainsafe/libp2p-noise'
import { yamux } from '@chainsafe/libp2p-yamux'
import type { ServiceMap } from '@libp2p/interface'
import { tcp } from '@libp2p/tcp'
import { createLibp2p } from 'libp2p'
import type { Libp2p, ServiceFactoryMap } from 'libp2p'

/** It lets in five connections a second from one host; the rounds ask for more. */
const RAISED = 1_000_000

export const startNode = <Services extends ServiceMap>(
  listen: readonly string[],
  services: ServiceFactoryMap<Services>,
): Promise<Libp2p<Services>> =>
  createLibp2p<Services>({
    addresses: { listen: [...listen] },
    transports: [tcp()],
    connectionEncrypters: [noise()],
    streamMuxers: [yamux()],
    connectionManager: { inboundConnectionThreshold: RAISED },
    // Nothing is measured by it, and nothing is sent for it.
    connectionMonitor: { enabled: false },
    services,
  })
