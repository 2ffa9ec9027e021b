// SPDX-License-Identifier: Apache-2.0

// An application made with openid-client.
import { createPrivateKey, randomUUID } from 'node:crypto'
import express from 'express'
import * as client from 'openid-client'

const { ISSUER, CLIENT_ID, CLIENT_SECRET, CLIENT_KEY, PUSH, DPOP, ORIGIN } = process.env
const realm = await client.discovery(new URL(ISSUER), CLIENT_ID, undefined, await authentication())
client.enableNonRepudiationChecks(realm) // verifies signatures, also of what came over TLS

async function authentication() {
  if (CLIENT_KEY) return client.PrivateKeyJwt(await ecdsa(CLIENT_KEY))
  return CLIENT_SECRET ? client.ClientSecretBasic(CLIENT_SECRET) : client.None()
}

// Shows that the application holds a key, wherever it is sent with a request.
const proof = DPOP ? { DPoP: client.getDPoPHandle(realm, await client.randomDPoPKeyPair(DPOP)) } : undefined
const askFor = PUSH ? client.buildAuthorizationUrlWithPAR : client.buildAuthorizationUrl

function ecdsa(pem) {
  const key = createPrivateKey(pem).export({ format: 'der', type: 'pkcs8' })
  return crypto.subtle.importKey('pkcs8', key, { name: 'ECDSA', namedCurve: 'P-256' }, false, ['sign'])
}

const begun = new Map(), signedIn = new Map()
const app = express()
app.use((request, response, next) => {
  request.visitor = /visitor=([\w-]+)/.exec(request.headers.cookie)?.[1] ?? randomUUID()
  response.cookie('visitor', request.visitor, { httpOnly: true })
  next()
})

app.get('/signin', async (request, response) => {
  const flow = {
    pkceCodeVerifier: client.randomPKCECodeVerifier(), expectedState: client.randomState(), expectedNonce: client.randomNonce(),
  }
  const { acr_values, max_age } = request.query // how well, and how recently, its people must have signed in
  if (max_age) flow.maxAge = Number(max_age) // which the library compares with auth_time
  begun.set(request.visitor, flow)
  const address = await askFor(realm, {
    redirect_uri: `${ORIGIN}/callback`, scope: 'openid profile email groups',
    code_challenge: await client.calculatePKCECodeChallenge(flow.pkceCodeVerifier), code_challenge_method: 'S256',
    state: flow.expectedState, nonce: flow.expectedNonce, ...(acr_values && { acr_values }), ...(max_age && { max_age }),
  }, proof)
  response.redirect(address.href)
})

app.get('/callback', async (request, response) => {
  try {
    const tokens = await client.authorizationCodeGrant(realm, new URL(request.url, ORIGIN), { ...begun.get(request.visitor), idTokenExpected: true }, undefined, proof)
    signedIn.set(request.visitor, tokens)
    response.redirect('/')
  } catch (cause) {
    response.status(502).json({ error: cause.error ?? cause.message })
  }
  begun.delete(request.visitor)
})

app.get('/', async (request, response) => {
  const tokens = signedIn.get(request.visitor)
  if (!tokens) return response.sendStatus(401)
  const claims = tokens.claims(), info = await client.fetchUserInfo(realm, tokens.access_token, claims.sub, proof)
  response.json({ ...claims, userinfo: info })
})

app.get('/refresh', async (request, response) => {
  const before = signedIn.get(request.visitor)
  signedIn.set(request.visitor, await client.refreshTokenGrant(realm, before.refresh_token, undefined, proof))
  response.redirect('/')
})

app.get('/signout', (request, response) => {
  const { id_token } = signedIn.get(request.visitor)
  signedIn.delete(request.visitor)
  response.redirect(client.buildEndSessionUrl(realm, { post_logout_redirect_uri: `${ORIGIN}/`, id_token_hint: id_token }).href)
})

app.listen(new URL(ORIGIN).port, '127.0.0.1')
