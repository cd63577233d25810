/**
 * What Tor's control port says, as replies: lines of a code of three digits and a text, the last one of
 * a reply marked by a space behind its code, and data in lines of their own up to a dot. Each length is
 * bounded before anything is kept.
 * @module
 */

export interface ControlReply {
  readonly code: number
  /** Without their codes. Lines of data stand behind the line that announces them. */
  readonly lines: readonly string[]
}

/** Of a line, without its end. Far above what Tor says; the same bound as other clients of it have. */
export const LINE_BYTES_MAX = 100_000
export const REPLY_LINES_MAX = 1_000
/** Of a whole reply: long lines, or many of them, but not both. */
export const REPLY_BYTES_MAX = 1_024 * 1_024

export interface ReplyReader {
  /** The replies that are whole now; undefined: it is none, or too long, and nothing is read any more. */
  push(bytes: Uint8Array): readonly ControlReply[] | undefined
}

const LINE = /^(?<code>[1-6]\d\d)(?<mark>[ +-])(?<text>.*)$/s

/** Each byte is one character: what is UTF-8 in it is decoded where it is used. */
const textOf = ({ buffer, byteOffset, length }: Uint8Array): string =>
  Buffer.from(buffer, byteOffset, length).toString('latin1')

export function createReplyReader(): ReplyReader {
  let unfinished = ''
  let lines: string[] = []
  let replyBytes = 0
  let isData = false
  let isOver = false

  /** A reply, where the line ends one; false: it is no line of a reply. */
  const take = (line: string): ControlReply | false | undefined => {
    replyBytes += line.length
    if (lines.length >= REPLY_LINES_MAX || replyBytes > REPLY_BYTES_MAX) return false
    if (isData) {
      isData = line !== '.'
      if (isData) lines.push(line)
      return undefined
    }
    const { code = '', mark, text = '' } = LINE.exec(line)?.groups ?? {}
    if (mark === undefined) return false
    lines.push(text)
    isData = mark === '+'
    if (mark !== ' ') return undefined
    const reply = { code: Number(code), lines }
    lines = []
    replyBytes = 0
    return reply
  }

  const read = (text: string): readonly ControlReply[] | undefined => {
    const replies: ControlReply[] = []
    const pieces = text.split('\n')
    for (const [index, piece] of pieces.entries()) {
      unfinished += piece
      // With the CR of its end, which may be the last byte so far.
      if (unfinished.length > LINE_BYTES_MAX + 1) return undefined
      if (index === pieces.length - 1) break
      const line = unfinished.endsWith('\r') ? unfinished.slice(0, -1) : unfinished
      if (line.length > LINE_BYTES_MAX) return undefined
      unfinished = ''
      const reply = take(line)
      if (reply === false) return undefined
      if (reply !== undefined) replies.push(reply)
    }
    return replies
  }

  return {
    push(bytes) {
      const replies = isOver ? undefined : read(textOf(bytes))
      isOver = replies === undefined
      return replies
    },
  }
}
