import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { openrouter } from '../../../src/model/openrouter.ts'
import { imageFacts, isImageData, isImageUrl } from '../../../src/protocol/image.ts'
import { fakeProvider } from '../../../src/testing/fake-provider.ts'
import { ask, lawBreaks } from './support.ts'

const png = 'data:image/png;base64,iVBORw0KGgo='
const jpeg = 'data:image/jpeg;base64,/9j/4AAQ'
const link = 'https://images.example/a.png?b=c'

function chunk(delta: object, finish: string | null = null): string {
  return JSON.stringify({ model: 'm', choices: [{ index: 0, delta, finish_reason: finish }] })
}

function stream(...deltas: readonly object[]): { readonly body: string } {
  const all = [...deltas.map((delta) => chunk(delta)), chunk({}, 'stop'), '[DONE]']
  return { body: all.map((data) => `data: ${data}\n\n`).join('') }
}

function whole(message: object): {
  readonly body: string
  readonly headers: { [k: string]: string }
} {
  const body = JSON.stringify({ model: 'm', choices: [{ message, finish_reason: 'stop' }] })
  return { body, headers: { 'content-type': 'application/json' } }
}

const image = (url: string): object => ({ type: 'image_url', image_url: { url } })

describe('S0-21 S0-27 pictures of a model', () => {
  test.each([
    ['in `images` of a delta', { content: 'see', images: [image(png), image(link)] }, [png, link]],
    ['in the content', { content: [{ type: 'text', text: 'see' }, image(png)] }, [png]],
    ['as the content', { content: png }, [png]],
    [
      'with a plain address',
      { images: [png, { image_url: jpeg }, { url: link }] },
      [png, jpeg, link],
    ],
    ['in two places', { content: png, images: [image(png), image(png)] }, [png]],
  ])('come as events, streamed or not: %s', async (_, said, expected) => {
    const text = 'content' in said && said.content !== png ? 'see' : ''
    for (const [answer, streamed] of [
      [stream(said), true],
      [whole(said), false],
    ] as const) {
      const { events, turn } = await ask(answer, { stream: streamed })
      expect(turn).toMatchObject({ images: expected, text, finishReason: { unified: 'stop' } })
      expect(lawBreaks(events)).toEqual([])
    }
  })

  test('stay out of the text also where text of the same shape came before', async () => {
    const { turn } = await ask(
      stream(
        { content: 'a' },
        { content: 'b' },
        { content: png },
        { content: 'c' },
        { content: png },
      ),
    )
    expect(turn).toMatchObject({ text: 'abc', images: [png] })
  })

  test.each([
    'javascript:alert(1)',
    'http://images.example/a.png',
    'https://user:word@images.example/a.png',
    'data:text/html;base64,PGI+',
    'data:image/svg+xml,<svg onload=alert(1)>',
    'data:image/png;base64,iVBOR',
    'data:image/png;base64,<b>=',
    'data:image/png;base64,',
    'file:///etc/passwd',
    '',
  ])('are none where the address is of another kind: %s', async (url) => {
    const { turn } = await ask(stream({ content: 'x', images: [image(url)] }))
    expect(turn).toMatchObject({ images: [], text: 'x', error: undefined })
  })

  test('are bounded in size and number', async () => {
    const data = 'A'.repeat(9 * 1024 * 1024)
    const all = ['png', 'jpeg'].map((kind) => `data:image/${kind};base64,${data}`)
    const { turn } = await ask(stream(...all.map((url) => ({ images: [image(url)] }))))
    expect(turn.error?.code).toBe('model-too-large')
    const many = Array.from({ length: 65 }, (_, at) => image(`https://images.example/${at}`))
    expect((await ask(stream({ images: many }))).turn.error?.code).toBe('model-too-large')
    expect((await ask(stream({ images: many.slice(1) }))).turn.images).toHaveLength(64)
  })

  test('that were scripted reach the model again where it understands them', async () => {
    await using provider = await fakeProvider({
      turns: [{ text: 'here', images: [png] }, { text: 'done' }],
    })
    const model = openrouter({ baseUrl: provider.baseUrl, apiKey: 'k', model: 'm' })
    const { createRuntime } = await import('../../../src/runtime.ts')
    const runtime = createRuntime({ model, settings: { modalities: ['image', 'text'] } })
    const first = await runtime.run({ input: 'paint' }).result()
    expect(first).toMatchObject({ status: 'completed', text: 'here', images: [png] })
    await runtime.run({ input: 'darker', messages: first.messages }).result()
    expect(provider.requests[0]!.body).toMatchObject({ modalities: ['image', 'text'] })
    expect(provider.requests[1]!.body['messages']).toEqual([
      { role: 'user', content: 'paint' },
      { role: 'assistant', content: 'here', images: [image(png)] },
      { role: 'user', content: 'darker' },
    ])
    await model.close()
  })
})

test('the facts of a picture are its kind and size, or its host', () => {
  expect(imageFacts(png)).toEqual({ mediaType: 'image/png', bytes: 8 })
  expect(imageFacts(link)).toEqual({ host: 'images.example' })
  expect(imageFacts('no address')).toEqual({})
  fc.assert(
    fc.property(fc.uint8Array({ minLength: 1, maxLength: 50 }), (bytes) => {
      const url = `data:image/webp;base64,${Buffer.from(bytes).toString('base64')}`
      expect([isImageData(url), isImageUrl(url)]).toEqual([true, true])
      expect(imageFacts(url)).toEqual({ mediaType: 'image/webp', bytes: bytes.length })
      expect(isImageUrl(`${url} `)).toBe(false)
    }),
  )
})
