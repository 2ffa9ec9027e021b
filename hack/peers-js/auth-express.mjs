// SPDX-License-Identifier: Apache-2.0

// An application made with Auth.js for Express.
import { ExpressAuth, getSession } from '@auth/express'
import express from 'express'

const { ISSUER, CLIENT_ID, CLIENT_SECRET, ORIGIN } = process.env
const settings = {
  trustHost: true, secret: 'of an application that lives as long as a test',
  providers: [{
    id: 'realm', name: 'Realm', type: 'oidc', issuer: ISSUER, clientId: CLIENT_ID, clientSecret: CLIENT_SECRET,
    checks: ['pkce', 'state', 'nonce'], authorization: { params: { scope: 'openid profile email groups' } },
  }],
  callbacks: {
    jwt: ({ token, profile }) => profile ? { ...token, profile } : token,
    session: ({ session, token }) => ({ ...session, profile: token.profile }),
  },
}

const app = express()
app.use('/auth', ExpressAuth(settings))
app.get('/', async (request, response) => {
  const session = await getSession(request, settings)
  return session ? response.json(session.profile) : response.sendStatus(401)
})
app.listen(new URL(ORIGIN).port, '127.0.0.1')
