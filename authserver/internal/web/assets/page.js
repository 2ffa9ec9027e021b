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
