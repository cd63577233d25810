/**
 * What a network says of its own connections, for lines and tables. A network that throws says nothing and harms
 * nothing: the row tells what went wrong.
 * @module
 */
import type {
  ConnectionDescription,
  ProtocolTools,
  ToolConnection,
} from '../actors/protocol-tools.ts'

export type Describe = (connection: ToolConnection) => ConnectionDescription

const NOTHING: ConnectionDescription = { fields: {}, columns: {} }

export const describerOf =
  ({ describe }: Pick<ProtocolTools, 'describe'>): Describe =>
  (connection) => {
    if (describe === undefined) return NOTHING
    try {
      return describe(connection)
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error)
      return { fields: { notDescribed: message }, columns: {} }
    }
  }
