// SPDX-License-Identifier: Apache-2.0

// An agent made with the official SDK of MCP, for one person. It knows the address of an MCP server, and learns of the realm there.
import { randomUUID } from 'node:crypto'
import express from 'express'
import { UnauthorizedError } from '@modelcontextprotocol/sdk/client/auth.js'
import { Client } from '@modelcontextprotocol/sdk/client/index.js'
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js'

const { CLIENT_ID, METADATA_URL, INITIAL_TOKEN, RESOURCE, ORIGIN } = process.env
const kept = { client: CLIENT_ID ? { client_id: CLIENT_ID } : undefined, saved: 0 }

const provider = {
  redirectUrl: `${ORIGIN}/callback`,
  clientMetadataUrl: METADATA_URL || undefined,
  clientMetadata: {
    client_name: 'Helper', redirect_uris: [`${ORIGIN}/callback`], token_endpoint_auth_method: 'none',
    grant_types: ['authorization_code', 'refresh_token'], response_types: ['code'],
  },
  state: () => (kept.state = randomUUID()),
  clientInformation: () => kept.client,
  saveClientInformation: (information) => { kept.client = information },
  tokens: () => kept.tokens,
  saveTokens: (tokens) => { kept.tokens = tokens; kept.saved++ },
  codeVerifier: () => kept.verifier,
  saveCodeVerifier: (verifier) => { kept.verifier = verifier },
  redirectToAuthorization: (address) => { kept.address = address.href },
  invalidateCredentials: (scope) => { if (scope !== 'client') delete kept.tokens },
}

// Registering takes a token that the SDK has no place for.
const fetchAs = (address, init = {}) => {
  const headers = new Headers(init.headers)
  if (INITIAL_TOKEN && /\/register$/.test(new URL(address).pathname)) headers.set('authorization', `Bearer ${INITIAL_TOKEN}`)
  return fetch(address, { ...init, headers })
}

async function ask(tool) {
  const client = new Client({ name: 'helper', version: '1.0.0' })
  kept.transport = new StreamableHTTPClientTransport(new URL(RESOURCE), { authProvider: provider, fetch: fetchAs })
  try {
    await client.connect(kept.transport)
    const { content } = await client.callTool({ name: tool, arguments: {} })
    return JSON.parse(content[0].text)
  } finally {
    await client.close()
  }
}

const app = express()

app.get('/', async (_, response) => {
  try {
    response.json({ ...await ask('whoami'), saved: kept.saved, id: kept.client.client_id })
  } catch (refusal) {
    if (!(refusal instanceof UnauthorizedError)) return response.status(502).json({ problem: String(refusal) })
    response.status(401).json({ address: kept.address })
  }
})

app.get('/callback', async (request, response) => {
  const { code, state, error } = request.query
  if (error || state !== kept.state) return response.status(403).json({ problem: error ?? 'state' })
  await kept.transport.finishAuth(code) // which has learned at the server where the realm is
  response.redirect('/')
})

app.listen(new URL(ORIGIN).port, '127.0.0.1')
