// SPDX-License-Identifier: Apache-2.0

// An application that uses realmkeeper.js as the realm serves it. It does what it
// is asked to, with the storage of an earlier run, and prints what it sees and
// the storage. Its types, and those of realmkeeper.js itself, are checked
// strictly before it runs.
import { createClient, RealmkeeperError, type Challenge, type MailedCode, type Options, type User } from './realmkeeper.js'
import { createClient as asWritten } from './source.js'

declare const process: {
  argv: string[]
  env: Record<'ISSUER' | 'EMAIL' | 'PASSWORD' | 'WRONG_PASSWORD' | 'CODE' | 'HANDLE' | 'STORAGE', string>
}
const { ISSUER: issuer, EMAIL: email, PASSWORD: password, WRONG_PASSWORD: wrong, CODE: code, HANDLE: handle } = process.env
const kept = new Map<string, string>(Object.entries(JSON.parse(process.env.STORAGE || '{}')))
const storage: Options['storage'] = {
  getItem: (key) => kept.get(key) ?? null,
  setItem: (key, value) => void kept.set(key, value),
  removeItem: (key) => void kept.delete(key),
}

// What the realm is asked, in order.
const asked: string[] = []
const send = globalThis.fetch
globalThis.fetch = async (input, init) => {
  const response = await send(input, init)
  asked.push(`${response.status} ${new URL(response.url).pathname}`)
  return response
}

const conforms: typeof createClient = asWritten
const client = conforms === asWritten ? createClient({ issuer, storage }) : asWritten({ issuer })
const events: string[] = []
client.on('signedin', () => events.push('signedin'))
client.on('signedout', ({ reason }) => events.push(`signedout: ${reason}`))

/** Is the code of a refusal. */
async function refused(work: Promise<unknown>): Promise<string> {
  try {
    await work
    return 'nothing'
  } catch (error) {
    return error instanceof RealmkeeperError ? error.code : String(error)
  }
}

async function profile(): Promise<unknown> {
  const response = await client.fetch(`${client.issuer}/api/user/profile`)
  return ((await response.json()) as { email: unknown }).email
}

const does: Record<string, () => Promise<unknown>> = {
  login: async () => {
    const first = await refused(client.login(email, wrong))
    const challenge: Challenge | null = await client.login(email, password)
    const user: User | null = client.user
    return { refused: first, challenged: challenge !== null, user: user?.email }
  },
  // The clock has gone on since the login.
  prove: async () => {
    const enable = () => client.fetch(`${client.issuer}/api/auth/2fa/enable`, { method: 'POST' })
    const before = ((await (await enable()).json()) as { code: unknown }).code
    const first = await refused(client.prove({ password: wrong }))
    await client.prove({ password })
    return { before, refused: first, after: (await enable()).status }
  },
  secondFactor: async () => {
    const challenge = await client.login(email, password)
    if (challenge === null) {
      return 'no challenge'
    }
    const first = await refused(client.continueLogin(challenge, '000000'))
    await client.continueLogin(challenge, code)
    return { refused: first, methods: challenge.methods, user: client.user?.email }
  },
  mailCode: async () => {
    const mailed: MailedCode = await client.mailCode(email)
    return { handle: mailed.handle, minutes: Math.round((mailed.expiresAt.getTime() - Date.now()) / 60000) }
  },
  loginWithCode: async () => {
    const mailed = { handle, expiresAt: new Date() }
    const first = await refused(client.loginWithCode(mailed, '12345'))
    const challenge = await client.loginWithCode(mailed, code)
    return { refused: first, challenged: challenge !== null, user: client.user?.email }
  },
  profile,
  together: () => Promise.all([profile(), profile(), profile()]),
  strangers: () => refused(client.fetch('https://elsewhere.example/api')),
  post: async () => {
    const body = JSON.stringify({ name: 'Grace' })
    const headers = { 'Content-Type': 'application/json' }
    const response = await client.fetch(`${issuer}/api/user/profile`, { method: 'PATCH', headers, body })
    return ((await response.json()) as { name: unknown }).name
  },
  ended: () => refused(profile()),
  logout: () => client.logout(),
}
const result = await does[process.argv[2] ?? '']?.()
console.log(JSON.stringify({ result: result ?? null, signedIn: client.signedIn, events, asked, storage: Object.fromEntries(kept) }))
