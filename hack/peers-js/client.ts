// SPDX-License-Identifier: Apache-2.0

// Signs in through a client that is made from the API's description alone, and
// prints what it sees. Its types are checked strictly before it runs.
import createClient from 'openapi-fetch'
import type { components, paths } from './api.js'

type Tokens = components['schemas']['Tokens']
type Codes = 'invalid_credentials' | 'user_not_found'

declare const process: { env: Record<'ISSUER' | 'EMAIL' | 'PASSWORD' | 'WRONG_PASSWORD', string> }
const { ISSUER: issuer, EMAIL: email, PASSWORD: password, WRONG_PASSWORD: wrong } = process.env
const api = createClient<paths>({ baseUrl: issuer })

const refused = await api.POST('/api/auth/login', { body: { email, password: wrong } })
if (refused.data !== undefined || refused.error.code !== 'invalid_credentials') {
  throw new Error(`a wrong password was answered ${refused.response.status}`)
}
const code: Codes = refused.error.code

const { data, error } = await api.POST('/api/auth/login', { body: { email, password } })
if (error !== undefined) {
  throw new Error(error.title)
}
if (!('access_token' in data)) {
  throw new Error(`more is asked for: ${Object.keys(data).join()}`)
}
const tokens: Tokens = (await api.POST('/api/auth/refresh', { body: { refresh_token: data.refresh_token } })).data ?? data
const headers = { Authorization: `Bearer ${tokens.access_token}` }
const profile = await api.GET('/api/user/profile', { headers })
const users = await api.GET('/api/admin/users', { headers, params: { query: { q: email, limit: 1 } } })
const strangers = await api.GET('/api/admin/users')
const logout = await api.POST('/api/auth/logout', { headers, body: {} })

console.log(JSON.stringify({
  refused: code,
  role: profile.data?.role,
  found: users.data?.users.length,
  withoutToken: strangers.error?.code,
  logout: logout.response.status,
}))
