import { expect, test } from 'vitest'
import type { Io } from '../../../src/cli/io.ts'
import { outWithPictures } from '../../../src/cli/pictures.ts'

const png = 'data:image/png;base64,iVBORw0KGgo='
/** An event with a picture at this address. */
function eventWith(url: string): object {
  return {
    type: 'usage',
    message: {
      content: [
        { type: 'image', url },
        { type: 'text', text: url.slice(0, 5) },
      ],
    },
  }
}

test.each([
  [true, 'image/png, 8 B'],
  [false, png],
])(
  'the data of pictures goes to programs, not to terminals (terminal: %s)',
  (outIsTerminal, url) => {
    let written = ''
    const io = { outIsTerminal, out: (text: string) => void (written += text) } as Io
    outWithPictures(io, eventWith(png))
    expect(JSON.parse(written)).toMatchObject({
      message: { content: [{ type: 'image', url }, { text: 'data:' }] },
    })
  },
)
