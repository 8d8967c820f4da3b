import { describe, expect, test } from 'vitest'
import {
  openrouter,
  type OpenRouterOptions,
  type ProviderPreferences,
} from '../../../src/model/openrouter.ts'
import type { ModelRequest } from '../../../src/protocol/request.ts'
import { fakeProvider, type FakeRequest } from '../../../src/testing/fake-provider.ts'
import { collect } from '../../support/agent.ts'

const request: ModelRequest = { messages: [{ role: 'user', content: 'hello' }], tools: [] }

/** What a model with these options sends; `change` runs between two requests. */
async function sent(
  options: Partial<OpenRouterOptions>,
  asked: Partial<ModelRequest> = {},
  change: () => void = () => {},
): Promise<readonly FakeRequest[]> {
  await using provider = await fakeProvider({ turns: () => ({ text: 'x' }) })
  const model = openrouter({
    baseUrl: provider.baseUrl,
    apiKey: 'sk-or-1',
    model: 'a/b',
    ...options,
  })
  const { signal } = new AbortController()
  change()
  for (let times = 0; times < 2; times++) {
    await collect(model.stream({ ...request, ...asked }, { signal }))
    change()
  }
  await model.close()
  return provider.requests
}

async function bodyOf(options: Partial<OpenRouterOptions>, asked: Partial<ModelRequest> = {}) {
  return (await sent(options, asked))[0]!.body
}

async function hosts(provider: ProviderPreferences): Promise<unknown> {
  return (await bodyOf({ provider }))['provider']
}

describe('openrouter', () => {
  test('S0-05 sends attribution under both names, and nothing for empty ones', async () => {
    const named = await sent({ appName: 'desk', siteUrl: 'https://desk.example' })
    expect(named[0]).toMatchObject({
      path: '/v1/chat/completions',
      headers: {
        authorization: 'Bearer sk-or-1',
        'http-referer': 'https://desk.example',
        'x-title': 'desk',
        'x-openrouter-title': 'desk',
      },
    })
    const [bare] = await sent({ appName: '', siteUrl: '' })
    const names = Object.keys(bare!.headers).filter((name) => /title|referer/.test(name))
    expect(names).toEqual([])
  })

  test('S0-06 one host in the order is a lock, several are not, none says nothing', async () => {
    expect(await hosts({ order: ['x'] })).toEqual({ order: ['x'], allow_fallbacks: false })
    expect(await hosts({ order: ['x', 'y'] })).toEqual({ order: ['x', 'y'], allow_fallbacks: true })
    expect(await hosts({ order: [] })).toBeUndefined()
    expect(await hosts({})).toBeUndefined()
    expect(await hosts({ order: [], zdr: true })).toEqual({ zdr: true })
    const outright = { order: ['x'], allow_fallbacks: true }
    expect(await hosts(outright)).toEqual(outright)
  })

  test('S0-06 keeps the lists of its options, whatever becomes of them later', async () => {
    const order = ['x']
    const models = ['c/d']
    const [first, second] = await sent({ provider: { order }, models }, {}, () => {
      order.push('late')
      models.push('late')
    })
    for (const each of [first!, second!]) {
      expect(each.body).toMatchObject({
        provider: { order: ['x'], allow_fallbacks: false },
        models: ['c/d'],
      })
    }
  })

  test('S2-08 S4-02 passes on everything a request to it may ask for', async () => {
    const body = await bodyOf(
      {
        model: 'anthropic/claude-haiku-4.5',
        provider: {
          order: ['x', 'y'],
          only: ['x', 'y', 'z'],
          ignore: ['w'],
          quantizations: ['fp8'],
          sort: 'price',
          data_collection: 'deny',
          zdr: true,
          allow_fallbacks: false,
          require_parameters: true,
          max_price: { prompt: '1' },
        },
        models: ['c/d', 'e/f'],
        route: 'fallback',
        plugins: [{ id: 'file-parser', pdf: { engine: 'native' } }],
        transforms: ['middle-out'],
        imageConfig: { aspect_ratio: '16:9', image_size: '2K' },
        body: { user: 'u' },
      },
      {
        tools: [{ name: 'f', description: '', input: { type: 'object' } }],
        toolChoice: { tool: 'f' },
        settings: {
          reasoning: { effort: 'high', maxTokens: 2000, exclude: true },
          parallelToolCalls: false,
          modalities: ['image', 'text'],
        },
      },
    )
    expect(body).toMatchObject({
      model: 'anthropic/claude-haiku-4.5',
      provider: {
        order: ['x', 'y'],
        only: ['x', 'y', 'z'],
        ignore: ['w'],
        quantizations: ['fp8'],
        sort: 'price',
        data_collection: 'deny',
        zdr: true,
        allow_fallbacks: false,
        require_parameters: true,
        max_price: { prompt: '1' },
      },
      models: ['c/d', 'e/f'],
      route: 'fallback',
      plugins: [{ id: 'file-parser', pdf: { engine: 'native' } }],
      transforms: ['middle-out'],
      image_config: { aspect_ratio: '16:9', image_size: '2K' },
      user: 'u',
      reasoning: { effort: 'high', max_tokens: 2000, exclude: true },
      parallel_tool_calls: false,
      tool_choice: { type: 'function', function: { name: 'f' } },
      modalities: ['image', 'text'],
    })
  })

  test('a request may ask for something else than its model', async () => {
    const settings = { extra: { route: 'sort', provider: { only: ['z'] } } }
    const body = await bodyOf({ route: 'fallback', provider: { order: ['x'] } }, { settings })
    expect(body).toMatchObject({ route: 'sort', provider: { only: ['z'] } })
  })

  test.each([
    ['provider', { data_colection: 'deny' }, '`data_colection`; did you mean `data_collection`?'],
    ['provider', { order: 'x' }, '`provider.order`'],
    ['provider', { order: [1] }, '`provider.order[0]`'],
    ['provider', { data_collection: 'never' }, '`provider.data_collection`'],
    ['provider', { zdr: 'yes' }, '`provider.zdr`'],
    ['provider', { sort: 1 }, '`provider.sort`'],
    ['provider', { max_price: 1 }, '`provider.max_price`'],
    ['models', 'c/d', '`models`'],
    ['route', 'x', '`route`'],
    ['plugins', [{}], '`plugins[0].id`'],
    ['transforms', [1], '`transforms[0]`'],
    ['imageConfig', [], '`imageConfig`'],
    ['body', { a: 1n }, 'cannot be sent'],
    ['body', { tools: [] }, '`tools`'],
    ['appName', 1, '`appName`'],
    ['providers', {}, '`providers`; did you mean `provider`?'],
  ])('an option that cannot be sent is refused: %s %o', (name, value, message) => {
    const options = { apiKey: 'k', model: 'a/b', [name]: value }
    expect(() => openrouter(options)).toThrow(message)
  })
})
