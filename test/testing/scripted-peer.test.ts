import { describe, expect, test } from 'vitest'
import { scriptedPeer } from '../../testing/scripted-peer.ts'
import { keyed } from '../contracts/fits/keyed.ts'
import { plain } from '../contracts/fits/plain.ts'
import { keyOf, say } from '../contracts/seats.ts'
import { startNode, startVirtualWorld } from '../support/nodes.ts'

function startListening() {
  const world = startVirtualWorld({ seed: 'scripted' })
  const node = startNode(world, 'node', '10.0.0.1', plain())
  const peer = scriptedPeer(world, { protocol: plain(), dials: '10.0.0.1:7001' })
  return { world, node, peer }
}

describe('a scripted peer', () => {
  test('says what it is told, and hands out what it hears, one after the other', () => {
    const { node, peer } = startListening()
    expect(peer.next('hello').payload).toHaveLength(0)
    peer.say(say('hello'), say('ping', 1), say('ping', 2))
    expect(peer.next('pong').payload).toEqual(Uint8Array.of(1))
    expect(peer.next()).toEqual(say('pong', 2))
    expect(() => peer.next()).toThrow('heard nothing')
    peer.say(say('ping', 3))
    expect(() => peer.next('hello')).toThrow('heard a message of the type pong')
    expect(peer.next('pong').payload).toEqual(Uint8Array.of(3))
    expect(peer.heard).toHaveLength(4)
    expect(node.eventsOf('connection.active')).toHaveLength(1)
  })

  test('says in bytes what no wire would say', () => {
    const { node, peer, world } = startListening()
    peer.write(Uint8Array.of(255, 255, 255, 255, 4))
    world.settle()
    expect(peer.hasEnded).toBe(true)
    expect(node.eventsOf('connection.closed')[0]?.detail).toBe('too-large')
  })

  test('ends, breaks, and dials again', () => {
    const { node, peer, world } = startListening()
    peer.end()
    world.settle()
    peer.connect()
    world.settle()
    peer.reset()
    world.settle()
    expect(peer.hasEnded).toBe(true)
    peer.connect()
    peer.next('hello')
    world.settle()
    expect(node.eventsOf('connection.closed').map(({ detail }) => detail)).toEqual([
      'ended',
      'transport-reset',
    ])
    expect(peer.hasEnded).toBe(false)
  })

  test('listens, and leaves its half open where it is told to', () => {
    const world = startVirtualWorld({ seed: 'scripted' })
    const node = startNode(world, 'node', '10.0.0.1', plain())
    const open = scriptedPeer(world, { protocol: plain(), staysOpen: true })
    const polite = scriptedPeer(world, { protocol: plain() })
    expect(() => {
      open.say(say('hello'))
    }).toThrow('no connection yet')
    expect(() => {
      open.connect()
    }).toThrow('does not dial')
    for (const { host, port } of [open, polite]) {
      node.supervisor.connect(`${host}:${port}`).catch(() => undefined)
    }
    world.settle()
    for (const peer of [open, polite]) peer.say(say('hello'))
    world.settle()
    for (const { name } of node.supervisor.connections()) node.supervisor.disconnect(name)
    world.settle()
    expect(node.supervisor.connections().map(({ address }) => address)).toEqual([
      `${open.host}:${open.port}`,
    ])
    world.advance(1_000)
    expect(node.supervisor.connections()).toEqual([])
  })

  test.each(['dialler', 'listener'] as const)(
    'plays the real handshake by itself as %s, and is silent afterwards',
    (role) => {
      const world = startVirtualWorld({ seed: 'scripted' })
      const node = startNode(world, 'node', '10.0.0.1', keyed(keyOf('bystander')))
      const peer = scriptedPeer(world, {
        protocol: keyed(keyOf(role)),
        handshake: 'by-itself',
        ...(role === 'dialler' ? { dials: '10.0.0.1:7002' } : {}),
      })
      if (role === 'listener') {
        node.supervisor.connect(`${peer.host}:${peer.port}`).catch(() => undefined)
      }
      world.settle()
      expect(peer.isReady).toBe(true)
      expect(node.supervisor.connections()[0]?.identity).toBe(keyed(keyOf(role)).identity)
      peer.say(say('note', 1))
      world.settle()
      // Its hello and confirm, or its reply; and the note.
      const received = node.supervisor.connections()[0]?.counters.receivedMessages
      expect(received).toBe({ dialler: 3, listener: 2 }[role])
      expect(peer.handshakeEndedBy).toBeUndefined()
    },
  )

  test('says why its own session ended the handshake', () => {
    const world = startVirtualWorld({ seed: 'scripted' })
    const left = scriptedPeer(world, { protocol: keyed(keyOf('listener')), host: '10.0.0.1' })
    const right = scriptedPeer(world, {
      protocol: keyed(keyOf('dialler')),
      dials: '10.0.0.1:7002',
      handshake: 'by-itself',
    })
    left.next('hello')
    left.say(say('note', 1))
    world.settle()
    expect([right.isReady, right.handshakeEndedBy]).toEqual([false, 'bad-frame'])
  })

  test('is refused an address that is none', () => {
    const world = startVirtualWorld({ seed: 'scripted' })
    const dials = '10.0.0.1:70000'
    expect(() => scriptedPeer(world, { protocol: plain(), dials })).toThrow(`${dials}: `)
  })
})
