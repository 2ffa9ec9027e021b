// SPDX-License-Identifier: Apache-2.0

// An MCP server made with the official SDK. Which tokens are for it, the realm says by introspection, or by its keys.
import express from 'express'
import { createRemoteJWKSet, jwtVerify } from 'jose'
import { InvalidTokenError } from '@modelcontextprotocol/sdk/server/auth/errors.js'
import { requireBearerAuth } from '@modelcontextprotocol/sdk/server/auth/middleware/bearerAuth.js'
import { McpServer } from '@modelcontextprotocol/sdk/server/mcp.js'
import { StreamableHTTPServerTransport } from '@modelcontextprotocol/sdk/server/streamableHttp.js'

const { ISSUER, CLIENT_ID, CLIENT_SECRET, RESOURCE, SCOPES, BY_KEYS } = process.env

async function introspect(token) {
  const answer = await fetch(`${ISSUER}/oauth2/introspect`, {
    method: 'POST', body: new URLSearchParams({ token }), headers: { authorization: `Basic ${btoa(`${CLIENT_ID}:${CLIENT_SECRET}`)}` },
  })
  if (!answer.ok) throw new Error(`introspection answered ${answer.status}`)
  const told = await answer.json()
  if (!told.active) throw new InvalidTokenError('The token is not active')
  return told
}

const keys = createRemoteJWKSet(new URL(`${ISSUER}/.well-known/jwks.json`))

async function verify(token) {
  try {
    return (await jwtVerify(token, keys, { issuer: ISSUER, audience: RESOURCE, typ: 'at+jwt' })).payload
  } catch (refusal) {
    throw new InvalidTokenError(refusal.message)
  }
}

const verifier = {
  async verifyAccessToken(token) {
    const { client_id, scope = '', exp, aud, sub } = await (BY_KEYS ? verify : introspect)(token)
    const resource = [aud].flat().find((one) => one === RESOURCE)
    return { token, clientId: client_id, scopes: scope.split(' '), expiresAt: exp, resource: resource && new URL(resource), extra: { sub, aud } }
  },
}

const app = express()
app.use(express.json())
app.use('/mcp', requireBearerAuth({
  verifier, requiredScopes: SCOPES.split(' '), expectedResource: new URL(RESOURCE), resourceMetadataUrl: `${ISSUER}/oauth2/protected-resources/${CLIENT_ID}`,
}))

app.post('/mcp', async (request, response) => {
  const server = new McpServer({ name: 'notes', version: '1.0.0' })
  server.registerTool('whoami', { description: 'Tells whom the caller acts for.' }, ({ authInfo }) => (
    { content: [{ type: 'text', text: JSON.stringify({ client: authInfo.clientId, scopes: authInfo.scopes, ...authInfo.extra }) }] }
  ))
  const transport = new StreamableHTTPServerTransport({ sessionIdGenerator: undefined })
  response.on('close', () => server.close())
  await server.connect(transport)
  await transport.handleRequest(request, response, request.body)
})

app.all('/mcp', (_, response) => response.sendStatus(405))
app.listen(new URL(RESOURCE).port, '127.0.0.1')
