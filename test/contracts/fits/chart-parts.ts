/**
 * What the stand-ins' charts are written with.
 * @module
 */
/** Ends the connection, with this detail of the network. */
export const end = <const Detail extends string>(detail: Detail) =>
  ({ type: 'end', params: { detail } }) as const

/** A guard: the unit is a message of this type. */
export const isMessage =
  <Message extends { readonly type: string }>() =>
  ({ event }: { event: { readonly type: string } }, type: Message['type']): boolean => {
    if (event.type !== 'unit' || !('message' in event)) return false
    const { message } = event
    return (
      typeof message === 'object' && message !== null && 'type' in message && message.type === type
    )
  }
