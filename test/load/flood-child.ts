/**
 * Knocks at a port of the loopback from many sources and says nothing: each connection that is
 * refused or closed is made again. Arguments: the port, how many sources, how many sockets.
 * Prints `knocks N` each time a thousand more were made.
 */
import { connect } from 'node:net'

const [port = 0, sources = 1, sockets = 1] = process.argv.slice(2).map(Number)
/** So many connections of ours may be on their way: the system's own queue is of this order. */
const OPENING_MAX = 400

let knocks = 0
let open = 0
let opening = 0

/** 127.1.0.7, 127.2.0.7 ...: native groups by the whole IPv4 address. */
const sourceOf = (knock: number): string => {
  const source = knock % sources
  return `127.${String(1 + (source % 10))}.${String(Math.floor(source / 10) % 250)}.7`
}

function knock(): void {
  const socket = connect({ host: '127.0.0.1', port, localAddress: sourceOf(knocks) })
  let isOpen = false
  knocks++
  opening++
  if (knocks % 1_000 === 0) console.log(`knocks ${String(knocks)}`)
  socket.once('connect', () => {
    isOpen = true
    opening--
    open++
  })
  socket.on('error', () => undefined)
  socket.once('close', () => {
    if (isOpen) open--
    else opening--
    setImmediate(refill)
  })
}

function refill(): void {
  while (open + opening < sockets && opening < OPENING_MAX) knock()
}

refill()
// A connection that came to stay makes room for the next one to be opened.
setInterval(refill, 5)
