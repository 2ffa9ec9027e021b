// SPDX-License-Identifier: Apache-2.0

export interface Options {
  /** The realm's address, such as https://auth.example.com. */
  issuer: string;
  /**
   * Where to go when a session has ended: a page of yours or, when absent, the
   * realm's own sign-in page and back. With false, the page stays; listen to
   * signedout.
   */
  loginPage?: string | false;
  /**
   * The page that people come back to from the realm, whatever page they left: one
   * of the realm's ui.returnURLs, letter by letter. It calls handleReturn, which goes
   * on to the page they left. When absent, they come back to that page itself.
   */
  redirectURI?: string;
  /** Where fetch may send the access token besides the realm and the page's own origin. */
  origins?: string[];
  /** Where tokens are kept; localStorage when absent. */
  storage?: Pick<Storage, "getItem" | "setItem" | "removeItem">;
}

/** What is kept in storage. expires_at is in milliseconds since 1970. */
export interface Tokens {
  access_token: string;
  refresh_token: string;
  /** What signIn has brought; absent after login, and at pages that the realm does not list. */
  id_token?: string | undefined;
  expires_at: number;
}

/** A sign-in that waits for a second factor. */
export interface Challenge {
  sessionId: string;
  methods: ("totp" | "sms" | "security_key" | "passkey" | "backup_code")[];
  expiresAt: Date;
}

/** A code that was asked for. Keep it here: whoever has the mail alone cannot sign in. */
export interface MailedCode {
  handle: string;
  expiresAt: Date;
}

/** A passkey of a user, or a security key, which is a second factor. */
export interface Passkey {
  id: string;
  name: string;
  method: "passkey" | "security_key";
  synced: boolean;
  created_at: string;
  last_used_at: string | null;
  backup_codes?: string[];
}

/** What an access token says of a user. */
export interface User {
  sub: string;
  email: string;
  /** Without it, email is what somebody has typed. */
  email_verified: boolean;
  role: string;
  iat: number;
  exp: number;
  [claim: string]: unknown;
}

export interface Events {
  /** Somebody has signed in, here or in another tab. */
  signedin: Record<string, never>;
  /** Nobody is signed in any more: by logout here, elsewhere, or because the session has expired. */
  signedout: { reason: "logout" | "elsewhere" | "expired" };
}

/** Methods that ask the realm throw RealmkeeperError when it refuses. */
export interface Client {
  readonly issuer: string;
  /** Whether there are tokens. They may have expired; fetch finds out. */
  readonly signedIn: boolean;
  /** What the access token says. It is not verified here: a server does that. */
  readonly user: User | null;

  /**
   * Signs in, or answers the challenge that continueLogin takes. A right password that the realm's
   * rules do not take any more fails with new_password_required: see choosePassword.
   */
  login(email: string, password: string): Promise<Challenge | null>;
  /**
   * Goes on with a login that has failed with new_password_required: newPassword is of its error,
   * and good for fifteen minutes, also after password_rejected.
   */
  choosePassword(newPassword: string, password: string): Promise<Challenge | null>;
  /**
   * Mails a code to sign in with, where the realm has login.mailCode on. The answer is the same
   * for an address that has no account.
   */
  mailCode(email: string): Promise<MailedCode>;
  /** Signs in with the code of the mail, or answers the challenge that continueLogin takes. */
  loginWithCode(mailed: MailedCode, code: string): Promise<Challenge | null>;
  /** Signs in with a code of an app, of a text message, or a backup code. */
  continueLogin(challenge: Challenge, code: string): Promise<void>;
  /** Sends a code by text message. */
  sendCode(challenge: Challenge): Promise<void>;
  /**
   * Signs in with a passkey, which is two factors, from a page of the realm's host or of one
   * of its passkeys.relatedOrigins. With autofill it waits until somebody chooses one in a
   * field with autocomplete="username webauthn", or until signal ends it. What the browser
   * refuses is a DOMException.
   */
  loginWithPasskey(options?: { autofill?: boolean; signal?: AbortSignal }): Promise<void>;
  /** Signs in with a passkey or a security key after the password. */
  continueWithPasskey(challenge: Challenge): Promise<void>;
  /**
   * Sets up a passkey of whoever is signed in, and has proved it lately (see prove). Backup
   * codes come with the first second factor: show them, once.
   */
  addPasskey(name: string): Promise<Passkey>;

  /**
   * Sends the browser to the realm's sign-in page, or straight to a provider. Whoever is
   * signed in at the realm comes back at once, but from no provider. They come back to
   * returnTo, this page when absent: one of the realm's ui.returnURLs, or a page below one
   * that ends with "/", and with redirectURI any page of this page's origin. For an address
   * of another origin it throws TypeError: returnTo may come from whoever wrote a link.
   * With the prompt "login" they show once more who they are, at the realm or the provider;
   * the older hand-over, to a page that the realm does not list, knows no prompt. With the acr
   * "2" they show two factors, and with a maxAge they sign in again where they have longer
   * ago, in seconds: what insufficient_user_authentication asks for.
   */
  signIn(options?: {
    returnTo?: string;
    provider?: string;
    prompt?: "login";
    acr?: "1" | "2";
    maxAge?: number;
  }): Promise<void>;
  /**
   * Ends what signIn began. Call it when a page loads: it does nothing where the
   * browser has not just come back. It answers a challenge as login does.
   */
  handleReturn(): Promise<Challenge | null>;

  /**
   * Is fetch with the access token. When that has expired, it is refreshed and
   * the request sent once more; when it cannot be, the tokens are dropped, the
   * browser goes to the sign-in page, and RealmkeeperError is thrown.
   */
  fetch(input: RequestInfo | URL, init?: RequestInit): Promise<Response>;

  /**
   * Proves once more who the user is, after proof_required: with the password,
   * a code of the second factor, or a passkey. For five minutes, the access token may then
   * change what protects the account; after a code or a passkey it is of two factors, too, until
   * it is refreshed. Whoever has only a provider calls signIn with the prompt "login".
   */
  prove(proof: { password: string } | { code: string } | { passkey: true }): Promise<void>;

  /**
   * Ends the session, in every tab. What signIn has begun ends at the realm too, and in
   * every application that it signed in. When it throws, this browser is signed out all the same.
   * With returnTo, which is one of the realm's ui.returnURLs letter by letter, the browser goes
   * to the realm to sign out, and comes back.
   */
  logout(options?: { returnTo?: string }): Promise<void>;

  /** Calls listener on each event until the function that it returns is called. */
  on<E extends keyof Events>(event: E, listener: (detail: Events[E]) => void): () => void;
}

export function createClient(options: Options): Client;

/** A refusal by the realm. Decide by its code; the message is for people. */
export class RealmkeeperError extends Error {
  constructor(problem: unknown, response?: Response, cause?: unknown);
  /**
   * One of docs/problems; "unreachable" when there was no answer; "new_password_required" when
   * somebody has to choose another password first, which choosePassword takes; or
   * "second_factor_setup_required" when they have to set a second factor up first, for which
   * signIn leads to the realm's own page.
   */
  readonly code: string;
  /** The HTTP status; 0 when there was no answer. */
  readonly status: number;
  /** Seconds after which a retry may succeed; 0 where the realm does not say. */
  readonly retryAfter: number;
  /** How many more wrong guesses are allowed, where they are counted. */
  readonly attemptsLeft: number | undefined;
  /** What is wrong with single fields. */
  readonly errors: { field: string; detail: string }[];
  /** What choosePassword takes, where login has failed with new_password_required. */
  readonly newPassword: string | undefined;
  /** Finds the request in the realm's log. */
  readonly requestId: string | undefined;
}
