import type { Readable } from 'node:stream'

/** What is said between the two processes: one JSON object a line. */
export interface Frame {
  readonly type: string
  readonly [member: string]: unknown
}

/** A frame as one line of ASCII, so that no cut and no repaired byte can change it. */
export function encodeFrame(frame: Frame): string {
  const text = JSON.stringify(frame).replace(
    /[\u007f-\uffff]/g,
    (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`,
  )
  return `${text}\n`
}

/** A text out of a frame; what is none has none. */
export function textOf(member: unknown): string {
  return typeof member === 'string' ? member : ''
}

/** What came over the pipe and is no frame, or is too much. */
export class FrameProblem extends Error {}

/**
 * The frames of a pipe whose other end is not trusted: at most `maxBytes` in all. Throws
 * `FrameProblem` for more, and for a line that is no JSON object with a `type`; what follows a
 * line that has no end is not looked at.
 */
export async function* readFrames(pipe: Readable, maxBytes: number): AsyncGenerator<Frame> {
  let left = maxBytes
  let parts: Buffer[] = []
  for await (const chunk of pipe as AsyncIterable<Buffer>) {
    left -= chunk.length
    if (left < 0) throw new FrameProblem(`it sent more than ${maxBytes} bytes`)
    let from = 0
    for (let end = chunk.indexOf(10); end >= 0; end = chunk.indexOf(10, from)) {
      parts.push(chunk.subarray(from, end))
      yield decode(Buffer.concat(parts).toString())
      parts = []
      from = end + 1
    }
    parts.push(chunk.subarray(from))
  }
}

function decode(line: string): Frame {
  let frame: unknown
  try {
    frame = JSON.parse(line)
  } catch {
    throw new FrameProblem('it sent what is no JSON')
  }
  const type = (frame as Partial<Frame> | null)?.type
  if (typeof type === 'string') return frame as Frame
  throw new FrameProblem('it sent what is no message')
}
