// SPDX-License-Identifier: Apache-2.0

// Verifies the access token on the standard input, given nothing but the issuer
// and the audience, and prints its claims.
import { text } from 'node:stream/consumers'
import { createRemoteJWKSet, jwtVerify } from 'jose'

const [issuer, audience] = process.argv.slice(2)
const discovery = await (await fetch(`${issuer}/.well-known/openid-configuration`)).json()
const keys = createRemoteJWKSet(new URL(discovery.jwks_uri))
const { payload } = await jwtVerify((await text(process.stdin)).trim(), keys, {
  issuer: discovery.issuer, audience, typ: 'at+jwt', requiredClaims: ['sub', 'exp', 'iat', 'jti', 'sid'],
})
console.log(JSON.stringify(payload))
