import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { createSecureServer } from 'node:http2'
import { createServer as createTlsServer } from 'node:https'
import type { AddressInfo, Server } from 'node:net'
import type { TLSSocket } from 'node:tls'
import { gzipSync } from 'node:zlib'
import { describe, expect, test } from 'vitest'
import {
  fetchUrl,
  type FetchedResponse,
  type FetchInit,
  type Network,
} from '../../../src/tools/access/fetch.ts'
import { certificate } from '../../support/certificate.ts'
import { guardsOf } from '../gate/guards/guarded.ts'

type Handler = (request: IncomingMessage, response: ServerResponse) => void

interface Site extends AsyncDisposable {
  readonly port: number
  readonly requests: IncomingMessage[]
  /** What names were asked for. */
  readonly resolved: string[]
  fetch(url: string, init?: FetchInit, given?: Given): Promise<FetchedResponse>
}

interface Given {
  readonly guard?: object
  readonly addresses?: (host: string) => readonly string[]
  readonly signal?: AbortSignal
}

/** A server on this machine that is reached by public addresses, as far as the guard can tell. */
async function site(handler: Handler, scheme: 'http' | 'https' = 'http'): Promise<Site> {
  const requests: IncomingMessage[] = []
  const answer: Handler = (request, response) => {
    requests.push(request)
    handler(request, response)
  }
  const server: Server =
    scheme === 'http' ? createServer(answer) : createTlsServer(certificate, answer)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  const resolved: string[] = []
  const fetch: Site['fetch'] = (url, init, { guard = {}, addresses, signal } = {}) => {
    const network: Network = {
      resolve: (host) => {
        resolved.push(host)
        return Promise.resolve(addresses?.(host) ?? ['93.184.216.34'])
      },
      dial: () => '127.0.0.1',
      ca: certificate.cert,
    }
    const guards = guardsOf({
      network: [
        { schemes: [scheme], hosts: ['allowed.example', 'other.example'], ports: [port], ...guard },
      ],
    })
    const surroundings = { tool: 't', signal: signal ?? new AbortController().signal }
    return fetchUrl(
      guards.access('t'),
      surroundings,
      url.replace('PORT', String(port)),
      init,
      network,
    )
  }
  return {
    port,
    requests,
    resolved,
    fetch,
    async [Symbol.asyncDispose]() {
      if ('closeAllConnections' in server)
        (server as ReturnType<typeof createServer>).closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

const denied = (reason: string): object =>
  expect.objectContaining({
    code: 'access-denied',
    message: expect.stringContaining(reason) as string,
  })

describe('fetching', () => {
  test('reaches an allowed host at the address that was checked, under its own name', async () => {
    await using server = await site((request, response) => {
      response.end(`${request.headers.host} ${(request.socket as TLSSocket).servername}`)
    }, 'https')
    const response = await server.fetch('https://allowed.example:PORT/a?b')
    expect(await response.text()).toBe(`allowed.example:${server.port} allowed.example`)
    expect(response.url).toBe(`https://allowed.example:${server.port}/a?b`)
    expect([response.status, response.ok]).toEqual([200, true])
    expect(server.resolved).toEqual(['allowed.example'])
  })

  test('leaves no session open with servers that would keep one', async () => {
    const closed = Promise.withResolvers<void>()
    const server = createSecureServer({ ...certificate, allowHTTP1: true }, (request, response) => {
      response.end(request.httpVersion)
    })
    server.on('secureConnection', (socket) => socket.on('close', closed.resolve))
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const { port } = server.address() as AddressInfo
    const guards = guardsOf({ network: [{ ports: [port] }] })
    const network: Network = {
      resolve: () => Promise.resolve(['1.2.3.4']),
      dial: () => '127.0.0.1',
      ca: certificate.cert,
    }
    const surroundings = { tool: 't', signal: new AbortController().signal }
    const url = `https://allowed.example:${port}/`
    const response = await fetchUrl(guards.access('t'), surroundings, url, {}, network)
    expect(await response.text()).toBe('1.1')
    await closed.promise
    await new Promise((resolve) => server.close(resolve))
  })

  test('does not accept the certificate of another name', async () => {
    await using server = await site((_, response) => response.end(), 'https')
    const guard = { hosts: ['stranger.example'] }
    await expect(server.fetch('https://stranger.example:PORT/', {}, { guard })).rejects.toThrow()
    expect(server.requests).toEqual([])
  })

  test('judges the URL and the method as the guard does', async () => {
    await using server = await site((_, response) => response.end())
    for (const url of [
      'http://stranger.example:PORT/',
      'https://allowed.example:PORT/',
      'http://127.0.0.1:PORT/',
      'http://allowed.example/',
    ]) {
      await expect(server.fetch(url)).rejects.toEqual(denied('the URL'))
    }
    const guard = { methods: ['GET'] }
    const post = { method: 'post', body: 'x' }
    await expect(server.fetch('http://allowed.example:PORT/', post, { guard })).rejects.toEqual(
      denied('methods'),
    )
    expect(server.resolved).toEqual([])
  })

  test('sends what the tool may choose, and nothing that belongs to the connection', async () => {
    let body = ''
    await using server = await site((request, response) => {
      request.on('data', (chunk: Buffer) => (body += chunk.toString()))
      request.on('end', () => response.end())
    })
    const headers = { 'x-a': 'b' }
    await server.fetch('http://allowed.example:PORT/', { method: 'POST', headers, body: 'hello' })
    expect([server.requests[0]!.method, server.requests[0]!.headers['x-a'], body]).toEqual([
      'POST',
      'b',
      'hello',
    ])
    for (const name of ['Host', 'proxy-authorization', 'Transfer-Encoding', 'connection']) {
      const init = { headers: { [name]: 'x' } }
      await expect(server.fetch('http://allowed.example:PORT/', init)).rejects.toMatchObject({
        code: 'bad-option',
      })
    }
    const stream = { method: 'POST', body: new ReadableStream() as unknown as string }
    await expect(server.fetch('http://allowed.example:PORT/', stream)).rejects.toMatchObject({
      code: 'bad-option',
    })
  })

  test('goes through no proxy of the environment', async () => {
    await using server = await site((_, response) => response.end('direct'))
    const before = process.env['http_proxy']
    process.env['http_proxy'] = 'http://127.0.0.1:9'
    try {
      const response = await server.fetch('http://allowed.example:PORT/')
      expect(await response.text()).toBe('direct')
    } finally {
      if (before === undefined) delete process.env['http_proxy']
      else process.env['http_proxy'] = before
    }
  })
})

describe('addresses', () => {
  test('E11: a name is resolved once for each request, and what it says later is checked later', async () => {
    await using server = await site((_, response) => response.end('ok'))
    let asked = 0
    const addresses = (): readonly string[] => [['1.2.3.4', '169.254.169.254'][asked++]!]
    const given = { addresses }
    expect(await (await server.fetch('http://allowed.example:PORT/', {}, given)).text()).toBe('ok')
    expect(asked).toBe(1)
    await expect(server.fetch('http://allowed.example:PORT/', {}, given)).rejects.toEqual(
      denied('not public'),
    )
    expect(server.requests).toHaveLength(1)
  })

  test.each([
    [['1.2.3.4', '10.0.0.1']],
    [['1.2.3.4', 'fe80::1']],
    [['::ffff:127.0.0.1']],
    [['127.0.0.1']],
    [[]],
  ])('E16: every one of %j has to be public', async (addresses) => {
    await using server = await site((_, response) => response.end())
    const given = { addresses: () => addresses }
    await expect(server.fetch('http://allowed.example:PORT/', {}, given)).rejects.toEqual(
      denied('the host'),
    )
    expect(server.requests).toEqual([])
  })

  test('of this machine are not reached without the means of a test', async () => {
    await using server = await site((_, response) => response.end())
    const guards = guardsOf({
      network: [{ schemes: ['http'], hosts: ['**'], ports: [server.port] }],
    })
    const surroundings = { tool: 't', signal: new AbortController().signal }
    for (const host of ['127.0.0.1', 'localhost', '[::1]', '2130706433']) {
      const url = `http://${host}:${server.port}/`
      await expect(fetchUrl(guards.access('t'), surroundings, url)).rejects.toEqual(
        denied('the URL'),
      )
    }
    expect(server.requests).toEqual([])
  })
})

/** Sends everybody elsewhere, and says at `/end` who came. */
const to =
  (location: string, status = 302): Handler =>
  (request, response) => {
    if (request.url === '/end')
      response.end(`${request.method} ${request.headers.authorization ?? ''}`)
    else
      response
        .writeHead(status, {
          location: location.replace('PORT', String(request.socket.localPort)),
        })
        .end()
  }

describe('redirects', () => {
  test.each([
    'http://169.254.169.254/',
    'http://stranger.example:PORT/end',
    'http://allowed.example/end',
    'http://u:p@allowed.example:PORT/end',
    'ftp://allowed.example:PORT/',
    'http://[',
  ])('E12: to %s is refused', async (location) => {
    await using server = await site(to(location))
    await expect(server.fetch('http://allowed.example:PORT/')).rejects.toEqual(denied('redirected'))
    expect(server.requests).toHaveLength(1)
  })

  test('E12: to another allowed host are judged, resolved and followed, without what was for the first', async () => {
    await using server = await site(to('http://other.example:PORT/end'))
    const init = { headers: { Authorization: 'Bearer x', 'X-Api-Key': 'k', accept: 'text/plain' } }
    const response = await server.fetch('http://allowed.example:PORT/', init)
    expect(await response.text()).toBe('GET ')
    expect(response.url).toBe(`http://other.example:${server.port}/end`)
    expect(server.resolved).toEqual(['allowed.example', 'other.example'])
    expect(server.requests[0]!.headers).toMatchObject({
      authorization: 'Bearer x',
      'x-api-key': 'k',
    })
    expect(server.requests[1]!.headers).toMatchObject({ accept: 'text/plain' })
    expect(server.requests[1]!.headers).not.toHaveProperty('authorization')
    expect(server.requests[1]!.headers).not.toHaveProperty('x-api-key')
  })

  test('on one host keep what is for it', async () => {
    await using server = await site(to('/end'))
    const init = { headers: { authorization: 'Bearer x' } }
    expect(await (await server.fetch('http://allowed.example:PORT/', init)).text()).toBe(
      'GET Bearer x',
    )
  })

  test.each([
    [302, 'POST', 'GET '],
    [303, 'PUT', 'GET '],
    [307, 'POST', 'POST '],
    [308, 'PUT', 'PUT '],
  ])('with status %i turn %s into what the standard says', async (status, method, said) => {
    await using server = await site(to('/end', status))
    const response = await server.fetch('http://allowed.example:PORT/', { method, body: 'x' })
    expect(await response.text()).toBe(said)
  })

  test('are refused where the guard says so, and after five', async () => {
    await using server = await site(to('/end'))
    const guard = { redirects: 'deny' }
    await expect(server.fetch('http://allowed.example:PORT/', {}, { guard })).rejects.toEqual(
      denied('redirected'),
    )
    await using loop = await site(to('/'))
    await expect(loop.fetch('http://allowed.example:PORT/')).rejects.toEqual(denied('more than 5'))
    expect(loop.requests).toHaveLength(6)
  })

  test('E12: from https to http are refused even where both are allowed', async () => {
    await using server = await site(to('http://allowed.example:PORT/end'), 'https')
    const guard = { schemes: ['https', 'http'] }
    await expect(server.fetch('https://allowed.example:PORT/', {}, { guard })).rejects.toEqual(
      denied('`https`'),
    )
    expect(server.requests).toHaveLength(1)
  })
})

describe('E17: a response', () => {
  test('that is too large breaks off, however it is encoded', async () => {
    const block = Buffer.alloc(1024 * 1024)
    await using plain = await site((_, response) => {
      response.on('error', () => undefined)
      let blocks = 0
      const more = (): void => {
        while (blocks++ < 64) if (!response.write(block)) return void response.once('drain', more)
        response.end()
      }
      more()
    })
    const response = await plain.fetch('http://allowed.example:PORT/')
    await expect(response.text()).rejects.toMatchObject({ code: 'access-too-large' })
    const bomb = gzipSync(Buffer.alloc(64 * 1024 * 1024))
    await using zipped = await site((_, answer) => {
      answer.writeHead(200, { 'content-encoding': 'gzip' }).end(bomb)
    })
    const unzipped = await zipped.fetch('http://allowed.example:PORT/')
    await expect(unzipped.arrayBuffer()).rejects.toMatchObject({ code: 'access-too-large' })
  })

  test('that never ends ends with the call', async () => {
    const closed = Promise.withResolvers<void>()
    await using server = await site((_, response) => {
      response.on('close', closed.resolve)
      response.write('a')
    })
    const controller = new AbortController()
    const response = await server.fetch(
      'http://allowed.example:PORT/',
      {},
      { signal: controller.signal },
    )
    const reading = response.text()
    controller.abort(new Error('the time is over'))
    await expect(reading).rejects.toThrow()
    await closed.promise
  })
})
