// SPDX-License-Identifier: Apache-2.0

// What a page does better with a script. Everything works without it.

/** Adds a button that shows what is typed into a password field. */
function addReveal(input) {
  const button = document.createElement("button");
  button.type = "button";
  button.textContent = input.dataset.show;
  button.setAttribute("aria-pressed", "false");
  button.setAttribute("aria-controls", input.id);
  button.addEventListener("click", () => {
    const shown = input.type === "password";
    input.type = shown ? "text" : "password";
    button.textContent = shown ? input.dataset.hide : input.dataset.show;
    button.setAttribute("aria-pressed", String(shown));
  });
  button.className = "reveal";
  input.classList.add("revealing");
  input.after(button);
}

/** Counts down to the moment when a locked form may be sent again. */
function countDown(element) {
  const until = Date.now() + Number(element.dataset.seconds) * 1000;
  const show = () => {
    const left = Math.max(0, Math.ceil((until - Date.now()) / 1000));
    element.textContent = `${Math.floor(left / 60)}:${String(left % 60).padStart(2, "0")}`;
    if (left > 0) {
      setTimeout(show, 1000);
    }
  };
  show();
}

/** Puts the text of elements on the clipboard or, where that is forbidden, selects it. */
function addCopy(button) {
  button.hidden = false;
  button.addEventListener("click", async () => {
    const elements = [...document.querySelectorAll(button.dataset.copy)];
    try {
      await navigator.clipboard.writeText(elements.map((e) => e.textContent.trim()).join("\n"));
      button.textContent = button.dataset.done;
    } catch {
      getSelection().setBaseAndExtent(elements[0], 0, elements.at(-1), elements.at(-1).childNodes.length);
    }
  });
}

/** Lets authenticators answer, where the browser knows passkeys. */
function usePasskeys() {
  if (!globalThis.PublicKeyCredential?.parseRequestOptionsFromJSON) {
    return;
  }
  for (const element of document.querySelectorAll("[data-unless-passkeys]")) {
    element.hidden = true;
  }
  for (const form of document.querySelectorAll("form[data-create], form[data-get]")) {
    form.hidden = false;
    form.querySelector("button").addEventListener("click", () => answerWith(form));
  }
  offerWhereTyped();
}

/** Ends what waits for an authenticator: a browser asks one question at a time. */
let waiting = new AbortController();

/** Puts an answer into the form and sends it, or says why there is none. */
async function answerWith(form) {
  const error = form.querySelector("[role=alert]");
  error.textContent = "";
  if (!form.reportValidity()) {
    return;
  }
  waiting.abort();
  try {
    send(form, form.dataset.create ? await create(form) : await get(form));
  } catch (cause) {
    error.textContent = (cause.name === "InvalidStateError" && error.dataset.exists) || error.dataset.cancelled;
    offerWhereTyped();
  }
}

/** Offers passkeys on a page where somebody would type an address. */
function offerWhereTyped() {
  if (document.querySelector("input[autocomplete~=webauthn]")) {
    offerPasskeys(document.querySelector("form[data-get]"));
  }
}

function create(form) {
  const publicKey = PublicKeyCredential.parseCreationOptionsFromJSON(JSON.parse(form.dataset.create));
  return navigator.credentials.create({ publicKey });
}

/** Asks the realm for a question, which works for five minutes, and the authenticator for its answer. */
async function get(form, options) {
  const body = new URLSearchParams(new FormData(form));
  const asked = await fetch(form.dataset.get, { method: "POST", body, signal: options?.signal });
  if (!asked.ok) {
    throw new Error(`answered ${asked.status}`);
  }
  const { flow, options: question } = await asked.json();
  const publicKey = PublicKeyCredential.parseRequestOptionsFromJSON(question);
  const credential = await navigator.credentials.get({ publicKey, ...options });
  form.elements.flow.value = flow; // of this question, whatever else was asked meanwhile
  return credential;
}

function send(form, credential) {
  form.elements.credential.value = JSON.stringify(credential);
  form.submit();
}

/** Lets the browser offer passkeys besides what it would fill in. */
async function offerPasskeys(form) {
  if (!(await PublicKeyCredential.isConditionalMediationAvailable?.())) {
    return;
  }
  const asking = new AbortController();
  waiting = asking;
  const soonOver = setTimeout(() => {
    asking.abort();
    // It is asked anew by whoever comes back, and not for a page that nobody looks at.
    addEventListener("focusin", () => offerPasskeys(form), { once: true });
  }, 4 * 60 * 1000);
  try {
    send(form, await get(form, { mediation: "conditional", signal: asking.signal }));
  } catch {
    clearTimeout(soonOver); // nobody has chosen one: the page has its other ways
  }
}

usePasskeys();
for (const input of document.querySelectorAll("input[data-show]")) {
  addReveal(input);
}
for (const element of document.querySelectorAll("[data-seconds]")) {
  countDown(element);
}
for (const button of document.querySelectorAll("button[data-copy]")) {
  addCopy(button);
}
for (const button of document.querySelectorAll("button[data-print]")) {
  button.hidden = false;
  button.addEventListener("click", () => window.print());
}
// A second press while the first is on its way would be a second attempt, but
// for what is only downloaded.
for (const form of document.forms) {
  form.addEventListener("submit", (event) => {
    if (form.dataset.sent && !("again" in form.dataset)) {
      event.preventDefault();
    }
    form.dataset.sent = "yes";
  });
}
window.addEventListener("pageshow", () => {
  for (const form of document.forms) {
    delete form.dataset.sent; // the page may come back as it was left
  }
});
// An answer to an application goes by itself.
document.querySelector("form[data-submit]")?.requestSubmit();
// A page with several forms goes to the one that was refused.
if (!document.querySelector("[autofocus]")) {
  document.querySelector("[aria-invalid=true]")?.focus();
}
