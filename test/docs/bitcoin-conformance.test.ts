import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { titlesIn } from '../support/test-titles.ts'

const ROOT = join(import.meta.dirname, '../..')
const TABLE = 'docs/bitcoin-conformance.md'
const read = (path: string) => readFileSync(join(ROOT, path), 'utf8')

interface Clause {
  readonly title: string
  /** The file of its test; undefined where it is not held. */
  readonly file: string | undefined
  readonly why: string
}

function clausesIn(text: string): readonly Clause[] {
  return text.split('\n## ').flatMap((section) => {
    const [name = ''] = section.split('\n')
    return section
      .split('\n')
      .filter((line) => line.startsWith('| ') && !/^\| (?:-|what is asserted)/.test(line))
      .map((line) => {
        const [clause = '', held = ''] = line
          .slice(1, -1)
          .split(/(?<!\\)\|/)
          .map((cell) => cell.trim().replaceAll('\\|', '|'))
        const file = /^`([^`]+)`$/.exec(held)?.[1]
        return { title: `${name}: ${clause}`, file, why: held }
      })
  })
}

/** All of Core's tests of connections and addresses that are looked at here, held or not. */
const ROWS = [
  ...['p2p_v2_transport', 'p2p_v2_encrypted', 'p2p_v2_misbehaving', 'p2p_handshake', 'p2p_leak'],
  ...['p2p_timeouts', 'p2p_ping', 'p2p_invalid_messages', 'p2p_bip434_feature', 'p2p_sendtxrcncl'],
  ...['p2p_net_deadlock', 'p2p_message_capture', 'feature_uacomment', 'p2p_permissions'],

  ...['p2p_addr_relay', 'p2p_addrv2_relay', 'p2p_addr_selfannouncement', 'p2p_getaddr_caching'],
  ...['p2p_addrfetch', 'p2p_seednode', 'p2p_dns_seeds', 'p2p_add_connections', 'p2p_eviction'],
  ...['p2p_outbound_eviction', 'p2p_disconnect_ban', 'rpc_setban', 'rpc_net', 'feature_addrman'],
  ...['feature_anchors', 'feature_asmap', 'feature_bind_extra', 'feature_bind_port_discover'],
  ...['feature_bind_port_externalip', 'feature_discover', 'feature_port', 'feature_config_args'],
  ...['feature_maxuploadtarget', 'feature_proxy', 'feature_torcontrol', 'p2p_i2p_ports'],
  'p2p_i2p_sessions',
]

/** Of these a part is meant for others: what they ask for has another form here, or is optional. */
const PARTLY = [
  ...['p2p_message_capture', 'p2p_permissions', 'p2p_eviction', 'rpc_net', 'feature_asmap'],
  ...['feature_bind_extra', 'feature_bind_port_discover', 'feature_bind_port_externalip'],
  ...['feature_discover', 'feature_port', 'feature_config_args', 'p2p_i2p_sessions'],
]
/** Of these a part waits until blocks are followed and served. */
const WAITING = [
  ...['p2p_v2_transport', 'p2p_invalid_messages', 'p2p_outbound_eviction'],
  'feature_maxuploadtarget',
]

/** A row of Core's, by the name of its file. */
const IS_ROW = /^(?:feature|p2p|rpc)_[a-z0-9_]+: /

const clauses = clausesIn(read(TABLE))
const FOLDER = 'test/protocols'
const files = readdirSync(join(ROOT, FOLDER))
  .filter((name) => /^bitcoin-.*\.test\.ts$/.test(name))
  .map((name) => `${FOLDER}/${name}`)
const tested = files.flatMap((file) =>
  titlesIn(file)
    .filter((title) => IS_ROW.test(title))
    .map((title) => ({ file, title })),
)
/** In brackets at the end stands a remark, or which part of its clause a test is. */
const withoutRemark = (title: string): string => title.replace(/ \([^()]*\)$/, '')
const isOf = (title: string, clause: Clause): boolean =>
  withoutRemark(title) === withoutRemark(clause.title)

describe(TABLE, () => {
  test('was read, and so were the tests', () => {
    expect(clauses.length).toBeGreaterThan(50)
    expect(tested.length).toBeGreaterThan(40)
  })

  test.each(clauses.flatMap(({ file, title }) => (file === undefined ? [] : [[title, file]])))(
    'says rightly that "%s" is held by %s',
    (title, file) => {
      const clause = clauses.find((one) => one.title === title)
      expect(tested.some((one) => one.file === file && clause && isOf(one.title, clause))).toBe(
        true,
      )
    },
  )

  test('has every test that is titled so, in the file in which it stands', () => {
    const strays = tested.filter(
      ({ file, title }) => !clauses.some((clause) => clause.file === file && isOf(title, clause)),
    )
    expect(strays).toEqual([])
  })

  test.each(ROWS)('has the row %s', (row) => {
    expect(clauses.some(({ title }) => title.startsWith(`${row}: `))).toBe(true)
  })

  test('leaves nothing open of the others but what waits for blocks', () => {
    const open = clauses.filter(({ file }) => file === undefined)
    const rows = new Set(open.map(({ title }) => title.split(': ')[0] ?? ''))
    expect([...rows].filter((row) => !PARTLY.includes(row))).toEqual(WAITING)
    for (const row of WAITING) expect(read(TABLE)).toContain(`\`${row}\``)
  })

  test('says of each that is not held why', () => {
    const open = clauses.filter(({ file }) => file === undefined)
    expect(open.filter(({ why }) => !/^no: .{5,}/.test(why))).toEqual([])
  })

  test('counts right', () => {
    const held = clauses.filter(({ file }) => file !== undefined).length
    expect(read(TABLE)).toContain(`${String(held)} of ${String(clauses.length)} are held.`)
  })
})
