// SPDX-License-Identifier: Apache-2.0

// Serves a certified OpenID provider over TLS, as provider.json in its working folder
// describes it: {issuer, port, certificate, key, clients, claims}. Whoever signs in is who
// they say, and has the claims. A POST to /advance/SECONDS puts its clock forward.
import { generateKeyPairSync } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { createServer } from 'node:https'
import { Provider } from 'oidc-provider'

const { issuer, port, certificate, key, clients, claims } = JSON.parse(readFileSync('provider.json', 'utf8'))

let ahead = 0
const now = Date.now
Date.now = () => now() + ahead

const signingKey = generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey.export({ format: 'jwk' })
const scopes = {
  profile: ['name', 'locale'], email: ['email', 'email_verified'],
  address: ['address'], phone: ['phone_number', 'phone_number_verified'],
}
const provider = new Provider(issuer, {
  clients, claims: scopes,
  findAccount: (_, id) => ({ accountId: id, claims: () => ({ ...claims, sub: id }) }),
  jwks: { keys: [{ ...signingKey, use: 'sig', alg: 'RS256' }] },
  cookies: { keys: [key], long: { sameSite: 'none' } },
  enableHttpPostMethods: true,
  features: { claimsParameter: { enabled: true }, backchannelLogout: { enabled: true }, deviceFlow: { enabled: true } },
  pkce: { required: () => false },
  // Clients of tests are on this machine, which it would refuse to connect to.
  fetch: (url, { dispatcher: _, ...options }) => globalThis.fetch(url, options),
})
provider.on('server_error', (_, error) => console.error(error))

const answer = provider.callback()
createServer({ cert: certificate, key }, (request, response) => {
  const seconds = request.method === 'POST' && /^\/advance\/(\d+)$/.exec(request.url)
  if (!seconds) return answer(request, response)
  ahead += 1000 * seconds[1]
  response.end()
}).listen(port, '127.0.0.1')
