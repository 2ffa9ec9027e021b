// SPDX-License-Identifier: Apache-2.0

// A client of a Realmkeeper realm for pages of your own: sign-in, silent refresh,
// and sign-out in every tab. docs/javascript.md shows how to use it; its types
// and what each method does are in realmkeeper.d.ts beside this file.

/** @typedef {import("./realmkeeper.js").Tokens} Tokens */
/** @typedef {import("./realmkeeper.js").Challenge} Challenge */
/** @typedef {import("./realmkeeper.js").MailedCode} MailedCode */

// The client of every realm that stands for its own applications.
const clientId = "realmkeeper";

/** A refusal by the realm. Decide by its code; the message is for people. */
export class RealmkeeperError extends Error {
  /** @param {any} problem @param {Response} [response] @param {unknown} [cause] */
  constructor(problem, response, cause) {
    super(problem.detail ?? problem.code, { cause });
    this.name = "RealmkeeperError";
    /** @type {string} */
    this.code = problem.code ?? "internal";
    this.status = response?.status ?? 0;
    this.retryAfter = Number(response?.headers.get("Retry-After") ?? 0);
    /** @type {number | undefined} */
    this.attemptsLeft = problem.attempts_left;
    /** @type {{field: string, detail: string}[]} */
    this.errors = problem.errors ?? [];
    /** @type {string | undefined} */
    this.newPassword = problem.newPassword;
    /** @type {string | undefined} */
    this.requestId = problem.requestId;
  }
}

/** @param {import("./realmkeeper.js").Options} options */
export function createClient(options) {
  return new Client(options);
}

class Client {
  #issuer;
  #loginPage;
  #redirectURI;
  #origins;
  #storage;
  #events = new EventTarget();
  /** @type {Promise<Tokens> | undefined} */
  #refreshing;

  /** @param {import("./realmkeeper.js").Options} options */
  constructor({ issuer, loginPage, redirectURI, origins = [], storage = localStorage }) {
    this.#issuer = issuer.replace(/\/$/, "");
    this.#loginPage = loginPage;
    this.#redirectURI = redirectURI;
    const here = globalThis.location ? [location.href] : [];
    this.#origins = [issuer, ...origins, ...here].map((address) => new URL(address).origin);
    this.#storage = storage;
    globalThis.addEventListener?.("storage", (event) => this.#changedElsewhere(event));
  }

  get issuer() {
    return this.#issuer;
  }

  get signedIn() {
    return this.#tokens() !== null;
  }

  get user() {
    const tokens = this.#tokens();
    return tokens && claimsOf(tokens.access_token);
  }

  /** @param {string} email @param {string} password */
  async login(email, password) {
    return this.#admit(await this.#post("login", { email, password }, this.#device()));
  }

  /** @param {string} email @returns {Promise<MailedCode>} */
  async mailCode(email) {
    const { handle, code_expires_in } = await this.#post("login/mail-code", { email });
    return { handle, expiresAt: new Date(Date.now() + code_expires_in * 1000) };
  }

  /** @param {MailedCode} mailed @param {string} code */
  async loginWithCode({ handle }, code) {
    return this.#admit(await this.#post("login/mail-code/verify", { handle, code }, this.#device()));
  }

  /** @param {Challenge} challenge @param {string} code */
  async continueLogin(challenge, code) {
    this.#keep(await this.#post("2fa/validate", { session_id: challenge.sessionId, code }));
  }

  /** @param {string} newPassword @param {string} password */
  async choosePassword(newPassword, password) {
    return this.#admit(await this.#post("new-password", { new_password_id: newPassword, password }, this.#device()));
  }

  /** @param {Challenge} challenge */
  async sendCode(challenge) {
    await this.#post("2fa/sms/send", { session_id: challenge.sessionId });
  }

  /** @param {{autofill?: boolean, signal?: AbortSignal}} [options] */
  async loginWithPasskey({ autofill = false, signal } = {}) {
    const { ceremony, options } = await this.#post("passkey/begin", {});
    const mediation = autofill ? { mediation: "conditional" } : {};
    const credential = await getPasskey(options, { ...mediation, ...(signal && { signal }) });
    this.#keep(await this.#post("passkey", { ceremony, credential }, this.#device()));
  }

  /** @param {Challenge} challenge */
  async continueWithPasskey(challenge) {
    const asked = { session_id: challenge.sessionId };
    const { ceremony, options } = await this.#post("2fa/passkey/begin", asked);
    const credential = await getPasskey(options);
    this.#keep(await this.#post("2fa/passkey", { ...asked, ceremony, credential }, this.#device()));
  }

  /** @param {string} name */
  async addPasskey(name) {
    const send = this.fetch.bind(this);
    const { ceremony, options } = await this.#call("user/passkeys/begin", {}, {}, send);
    const publicKey = PublicKeyCredential.parseCreationOptionsFromJSON(options);
    const credential = JSON.stringify(await navigator.credentials.create({ publicKey }));
    return this.#call("user/passkeys", { ceremony, credential, name }, {}, send);
  }

  /** @param {{returnTo?: string, provider?: string, prompt?: string, acr?: string, maxAge?: number}} [options] */
  async signIn({ returnTo = location.origin + location.pathname + location.search, provider, prompt, acr, maxAge } = {}) {
    const { href: to, origin } = new URL(returnTo, location.href);
    if (origin !== location.origin) {
      throw new TypeError("returnTo is not of this origin");
    }
    const begun = { verifier: random(), state: random(), redirectURI: this.#redirectURI ?? withoutQuery(to), returnTo: to };
    const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(begun.verifier));
    const challenge = base64url(new Uint8Array(digest));
    sessionStorage.setItem(this.#key("begun"), JSON.stringify(begun));
    const query = new URLSearchParams({
      client_id: clientId,
      response_type: "code",
      scope: "openid",
      redirect_uri: begun.redirectURI,
      state: begun.state,
      code_challenge: challenge,
      code_challenge_method: "S256",
      // Whoever is signed in already wants to sign in by this provider.
      ...(provider && { provider, prompt: "select_account" }),
      ...(prompt && { prompt }),
      ...(acr && { acr_values: acr }),
      ...(maxAge !== undefined && { max_age: String(maxAge) }),
    });
    location.assign(`${this.#issuer}/oauth2/authorize?${query}`);
  }

  async handleReturn() {
    const here = new URL(location.href);
    const answer = here.searchParams;
    const [code, error, state] = ["code", "error", "state"].map((name) => answer.get(name));
    const begun = JSON.parse(sessionStorage.getItem(this.#key("begun")) ?? "null");
    const ours = state === null || (state === begun?.state && answer.get("iss") === this.#issuer);
    if (!begun || !ours || !(code || error)) {
      return null; // nobody here has asked for this code: it may be somebody else's
    }
    sessionStorage.removeItem(this.#key("begun"));
    for (const name of ["code", "error", "error_description", "error_reason", "state", "iss"]) {
      answer.delete(name);
    }
    history.replaceState(history.state, "", here);
    if (error) {
      throw new RealmkeeperError({ code: error });
    }
    if (state === null) {
      // The older hand-over, to a page that the realm does not list letter by letter.
      return this.#admit(await this.#post("oauth/token", { code, code_verifier: begun.verifier }), begun.returnTo);
    }
    const shown = { code, code_verifier: begun.verifier, redirect_uri: begun.redirectURI };
    this.#keep(await this.#ask("token", { grant_type: "authorization_code", ...shown }));
    goBack(begun.returnTo);
    return null;
  }

  /** @param {RequestInfo | URL} input @param {RequestInit} [init] */
  async fetch(input, init) {
    const request = new Request(input, init);
    const { origin } = new URL(request.url);
    if (!this.#origins.includes(origin)) {
      throw new TypeError(`${origin} is not one of the client's origins, and gets no token`);
    }
    const again = request.clone();
    const tokens = this.#tokens();
    const response = await fetch(authorized(request, tokens));
    if (!tokens || !(await hasExpired(response, tokens))) {
      return response;
    }
    return fetch(authorized(again, await this.#refresh(tokens)));
  }

  /** @param {{password: string} | {code: string} | {passkey: true}} proof */
  async prove(proof) {
    const send = this.fetch.bind(this);
    /** @type {object} */
    let shown = proof;
    if ("passkey" in proof) {
      const { ceremony, options } = await this.#post("proof/passkey/begin", {}, {}, send);
      shown = { ceremony, credential: await getPasskey(options) };
    }
    const proven = await this.#post("proof", shown, this.#device(), send);
    const tokens = this.#tokens();
    if (tokens && this.user.sid === claimsOf(proven.access_token).sid) {
      this.#keep({ ...tokens, ...proven }); // and not beside a session that another tab has begun
    }
  }

  /** @param {{returnTo?: string}} [options] */
  async logout({ returnTo } = {}) {
    const tokens = this.#tokens();
    this.#drop("logout"); // whether the realm answers or not
    if (tokens && !tokens.id_token) {
      await this.#post("logout", { refresh_token: tokens.refresh_token });
    }
    if (returnTo) {
      const query = new URLSearchParams({ client_id: clientId, post_logout_redirect_uri: returnTo });
      if (tokens?.id_token) {
        query.set("id_token_hint", tokens.id_token);
      }
      location.assign(`${this.#issuer}/oauth2/end-session?${query}`);
    } else if (tokens?.id_token) {
      await this.#ask("revoke", { token: tokens.refresh_token });
    }
  }

  /** @param {string} event @param {(detail: any) => void} listener */
  on(event, listener) {
    const handle = (/** @type {any} */ e) => listener(e.detail);
    this.#events.addEventListener(event, handle);
    return () => this.#events.removeEventListener(event, handle);
  }

  /** @param {string} name */
  #key(name) {
    return `realmkeeper-${name}:${this.#issuer}`;
  }

  /** @param {any} body @param {string} [returnTo] @returns {Challenge | null} */
  #admit(body, returnTo) {
    if (body.require_2fa) {
      const expiresAt = new Date(Date.now() + body.session_expires_in * 1000);
      return { sessionId: body.session_id, methods: body.methods, expiresAt };
    }
    if (body.require_new_password) {
      const detail = "This password is not taken any more. Choose another one.";
      throw new RealmkeeperError({ code: "new_password_required", detail, newPassword: body.new_password_id });
    }
    if (body.require_2fa_setup) {
      const detail = "A second factor has to be set up first. Sign in on the realm's own page for that.";
      throw new RealmkeeperError({ code: "second_factor_setup_required", detail });
    }
    this.#keep(body);
    goBack(returnTo);
    return null;
  }

  /** @returns {Record<string, string>} */
  #device() {
    const token = this.#storage.getItem(this.#key("device"));
    return token ? { "X-Device-Token": token } : {};
  }

  /** @returns {Tokens | null} */
  #tokens() {
    return JSON.parse(this.#storage.getItem(this.#key("tokens")) ?? "null");
  }

  /** @param {any} body @returns {Tokens} */
  #keep({ access_token, expires_in, refresh_token, id_token, device_token }) {
    const before = this.signedIn;
    const tokens = { access_token, refresh_token, id_token, expires_at: Date.now() + expires_in * 1000 };
    this.#storage.setItem(this.#key("tokens"), JSON.stringify(tokens));
    if (device_token) {
      this.#storage.setItem(this.#key("device"), device_token);
    }
    if (!before) {
      this.#tell("signedin", {});
    }
    return tokens;
  }

  /** @param {string} reason */
  #drop(reason) {
    if (this.signedIn) {
      this.#storage.removeItem(this.#key("tokens"));
      this.#tell("signedout", { reason });
    }
  }

  /** @param {Tokens} used */
  #refresh(used) {
    this.#refreshing ??= exclusively(this.#key("refresh"), () => this.#renew(used)).finally(() => {
      this.#refreshing = undefined;
    });
    return this.#refreshing;
  }

  /** @param {Tokens} used @returns {Promise<Tokens>} */
  async #renew(used) {
    const now = this.#tokens();
    if (now && now.access_token !== used.access_token) {
      return now; // another tab was first
    }
    try {
      const shown = { refresh_token: used.refresh_token };
      const body = await (used.id_token
        ? this.#ask("token", { grant_type: "refresh_token", ...shown })
        : this.#post("refresh", shown));
      if (!this.signedIn) {
        throw new RealmkeeperError({ code: "refresh_token_invalid", detail: "Signed out meanwhile." });
      }
      return this.#keep(body);
    } catch (error) {
      if (error instanceof RealmkeeperError && error.code === "refresh_token_invalid") {
        this.#drop("expired");
        await this.#goToLogin();
      }
      throw error;
    }
  }

  async #goToLogin() {
    if (!globalThis.location || this.#loginPage === false) {
      return;
    }
    if (this.#loginPage) {
      location.assign(this.#loginPage);
    } else {
      await this.signIn();
    }
  }

  /** @param {string} path @param {object} body @param {Record<string, string>} [headers] @param {typeof fetch} [send] */
  #post(path, body, headers, send) {
    return this.#call(`auth/${path}`, body, headers, send);
  }

  /** @param {string} path @param {object} body @param {Record<string, string>} [headers] @param {typeof fetch} [send] */
  #call(path, body, headers, send = fetch) {
    const json = { "Content-Type": "application/json", ...headers };
    return answered(send(`${this.#issuer}/api/${path}`, { method: "POST", headers: json, body: JSON.stringify(body) }));
  }

  // Asks as a client of OAuth 2.0, whose refusals have other names for the same.
  /** @param {string} path @param {Record<string, any>} parameters */
  #ask(path, parameters) {
    const body = new URLSearchParams({ client_id: clientId, ...parameters });
    return answered(fetch(`${this.#issuer}/oauth2/${path}`, { method: "POST", body }), parameters.refresh_token);
  }

  /** @param {StorageEvent} event */
  #changedElsewhere({ key, oldValue, newValue }) {
    if (key === this.#key("tokens") && !oldValue !== !newValue) {
      this.#tell(newValue ? "signedin" : "signedout", newValue ? {} : { reason: "elsewhere" });
    }
  }

  /** @param {string} event @param {object} detail */
  #tell(event, detail) {
    this.#events.dispatchEvent(new CustomEvent(event, { detail }));
  }
}

/** @param {any} question @param {object} [options] */
async function getPasskey(question, options) {
  const publicKey = PublicKeyCredential.parseRequestOptionsFromJSON(question);
  return JSON.stringify(await navigator.credentials.get({ publicKey, ...options }));
}

/** @param {string} accessToken @returns {any} */
function claimsOf(accessToken) {
  const [, payload = ""] = accessToken.split(".");
  const bytes = atob(payload.replace(/-/g, "+").replace(/_/g, "/"));
  return JSON.parse(new TextDecoder().decode(Uint8Array.from(bytes, (c) => c.charCodeAt(0))));
}

/** @param {Promise<Response>} sent @param {boolean} [refreshes] @returns {Promise<any>} */
async function answered(sent, refreshes) {
  const response = await sent.catch((cause) => {
    const unreachable = { code: "unreachable", detail: "The realm does not answer." };
    throw cause instanceof RealmkeeperError ? cause : new RealmkeeperError(unreachable, undefined, cause);
  });
  const answer = await response.json().catch(() => ({})); // a 204 has none
  if (!response.ok) {
    throw new RealmkeeperError(answer.error ? problemOf(answer, response, refreshes) : answer, response);
  }
  return answer;
}

// What an error of OAuth 2.0 is called elsewhere in the realm.
/** @param {any} answer @param {Response} response @param {boolean} [refreshes] */
function problemOf({ error, error_description: detail }, { status }, refreshes) {
  /** @type {Record<string | number, string>} */
  const names = {
    invalid_grant: refreshes ? "refresh_token_invalid" : "oauth_code_invalid",
    429: "rate_limited",
    500: "internal",
    503: "database_unavailable",
  };
  return { code: names[error] ?? names[status] ?? error, detail };
}

/** @param {Request} request @param {Tokens | null} tokens */
function authorized(request, tokens) {
  if (tokens) {
    request.headers.set("Authorization", `Bearer ${tokens.access_token}`);
  }
  return request;
}

// The realm says that a token has expired; for another server, the clock does.
/** @param {Response} response @param {Tokens} tokens */
async function hasExpired(response, tokens) {
  if (response.status !== 401) {
    return false;
  }
  const problem = await response.clone().json().catch(() => null);
  return problem?.code === "token_expired" || Date.now() >= tokens.expires_at;
}

// One tab at a time. Where a browser has no locks, two tabs may refresh at once:
// the realm gives both the same successor.
/** @template T @param {string} name @param {() => Promise<T>} work @returns {Promise<T>} */
async function exclusively(name, work) {
  return globalThis.navigator?.locks ? await navigator.locks.request(name, work) : work();
}

// Goes to the page that signIn was called for, where the realm sent the browser to another.
/** @param {string} [returnTo] */
function goBack(returnTo) {
  if (returnTo && returnTo !== location.href) {
    location.replace(returnTo);
  }
}

/** @param {string} address */
function withoutQuery(address) {
  return address.replace(/[?#].*/s, "");
}

function random() {
  return base64url(crypto.getRandomValues(new Uint8Array(32)));
}

/** @param {Uint8Array} bytes */
function base64url(bytes) {
  return btoa(String.fromCharCode(...bytes)).replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");
}
