// SPDX-License-Identifier: Apache-2.0

package browser

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/audits"
	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/input"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"github.com/realmkeeper/realmkeeper/internal/testenv/eventually"
)

// tab is somebody at a browser that nobody has used before.
type tab struct {
	t     *testing.T
	ctx   context.Context
	realm *realm
	watch *watch
	seen  screen
	// status is what the page was answered with.
	status int64
}

// onScreens runs a way through the pages on a desk and on a telephone.
func onScreens(t *testing.T, way func(t *testing.T, s screen)) {
	t.Helper()
	for _, s := range []screen{desk, telephone} {
		t.Run(s.name, func(t *testing.T) {
			t.Parallel()
			way(t, s)
		})
	}
}

func (r *realm) newTab(s screen) *tab {
	r.t.Helper()
	b := &tab{t: r.t, realm: r, watch: &watch{origin: r.Config.Issuer}, seen: s}
	b.begin(chromedp.NewContext(suite.browser, chromedp.WithNewBrowserContext(), chromedp.WithListener(b.watch.see)))
	return b
}

// beside is another tab of the same browser.
func (b *tab) beside() *tab {
	b.t.Helper()
	other := &tab{t: b.t, realm: b.realm, watch: &watch{origin: b.watch.origin, abroad: b.watch.abroad}, seen: b.seen}
	other.begin(chromedp.NewContext(b.ctx, chromedp.WithListener(other.watch.see)))
	return other
}

func (b *tab) begin(ctx context.Context, cancel context.CancelFunc) {
	b.t.Helper()
	b.t.Cleanup(func() {
		cancel()
		for _, fault := range b.watch.found() {
			b.t.Errorf("the browser complains: %s", fault)
		}
	})
	if err := chromedp.Do(ctx); err != nil {
		b.t.Fatal(err)
	}
	b.ctx = ctx
	call(b, audits.Enable, cdp.Empty{})
	// Many are in front at once.
	call(b, emulation.SetFocusEmulationEnabled, emulation.SetFocusEmulationEnabledParams{Enabled: true})
	b.screen(b.seen)
	b.speaks("en")
}

// do runs steps in the tab, and what must not fail ends the test.
func (b *tab) do(steps ...chromedp.Action[chromedp.Void]) {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, eventually.Patience)
	defer cancel()
	if err := chromedp.Do(ctx, steps...); err != nil {
		b.t.Fatalf("%s: %v\n%s", b.path(), err, b.text())
	}
}

func call[P, R any](b *tab, command cdp.Command[P, R], parameters P) R {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, eventually.Patience)
	defer cancel()
	result, err := chromedp.Call(ctx, command, parameters)
	if err != nil {
		b.t.Fatalf("%s: %v", command.Method, err)
	}
	return result
}

// evaluate asks the page; a promise is waited for.
func evaluate[T any](b *tab, expression string) T {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, eventually.Patience)
	defer cancel()
	value, err := chromedp.Run(ctx, chromedp.Evaluate[T](expression, chromedp.EvalAwaitPromise))
	if err != nil {
		b.t.Fatalf("%s: %v", expression[:min(len(expression), 200)], err)
	}
	return value
}

// speaks is the language that the browser asks for.
func (b *tab) speaks(language string) {
	b.t.Helper()
	call(b, network.SetExtraHTTPHeaders, network.SetExtraHTTPHeadersParams{Headers: network.Headers{"Accept-Language": language}})
}

func (b *tab) withoutScripts() {
	b.t.Helper()
	call(b, emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: true})
}

// open goes to a path of the realm, or to a URL.
func (b *tab) open(address string) {
	b.t.Helper()
	if strings.HasPrefix(address, "/") {
		address = b.realm.Config.Issuer + address
	}
	b.goes(address, chromedp.Navigate(address))
}

// press clicks what says text and waits for the page that follows.
func (b *tab) press(text string) { b.t.Helper(); b.pressIn("//body", text) }

// pressIn does so within the first element of an XPath.
func (b *tab) pressIn(where, text string) {
	b.t.Helper()
	b.goes(text, chromedp.Click(saying(where, text), chromedp.NodeVisible))
}

// click clicks what says text and stays on the page.
func (b *tab) click(text string) {
	b.t.Helper()
	b.do(chromedp.Click(saying("//body", text), chromedp.NodeVisible))
}

func (b *tab) goes(what string, step chromedp.Action[chromedp.Void]) {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, eventually.Patience)
	defer cancel()
	response, err := chromedp.RunResponse(ctx, step)
	for interrupted(err) {
		response, err = chromedp.RunResponse(ctx, chromedp.Reload())
	}
	if err != nil {
		b.t.Fatalf("%s: %s: %v\n%s", b.path(), what, err, b.text())
	}
	b.status = response.Status
}

// interrupted reports whether the request was never sent, because an interface of
// the machine's came or went just then; a container's is enough.
func interrupted(err error) bool {
	var e *chromedp.LoadError
	return errors.As(err, &e) && e.ErrorText == networkChanged
}

const networkChanged = "net::ERR_NETWORK_CHANGED"

// saying is the XPath of what can be clicked and says text.
func saying(where, text string) string {
	return fmt.Sprintf(`(%s)[1]//*[self::a or self::button or self::summary][normalize-space()=%q]`, where, text)
}

// section is the XPath of the part of a page under a heading.
func section(heading string) string {
	return fmt.Sprintf(`//section[*[normalize-space()=%q]]`, heading)
}

// fill types over what is in a field.
func (b *tab) fill(id, value string) {
	b.t.Helper()
	b.do(chromedp.WaitVisible(chromedp.ID(id)), chromedp.Focus(chromedp.ID(id)))
	evaluate[bool](b, fmt.Sprintf("document.getElementById(%q).select() === undefined", id))
	call(b, input.InsertText, input.InsertTextParams{Text: value})
}

// types presses keys, wherever the focus is.
func (b *tab) types(keys string) { b.t.Helper(); b.do(chromedp.KeyEvent(keys)) }

// focused is the id of what has the focus, or what it says.
func (b *tab) focused() string {
	b.t.Helper()
	return evaluate[string](b, "document.activeElement.id || document.activeElement.textContent.trim()")
}

// focusesOn waits until the focus is where it should be: a page moves it with its
// first frame, which may come after the page is loaded.
func (b *tab) focusesOn(want string) {
	b.t.Helper()
	eventually.Succeeds(b.t, func(context.Context) error {
		if got := b.focused(); got != want {
			return fmt.Errorf("the focus is on %q, want %q", got, want)
		}
		return nil
	})
}

// enters types and waits for the page that follows.
func (b *tab) enters(keys string) {
	b.t.Helper()
	b.goes("Enter", chromedp.KeyEvent(keys+kb.Enter))
}

func (b *tab) url() *url.URL {
	b.t.Helper()
	u, err := url.Parse(evaluate[string](b, "location.href"))
	if err != nil {
		b.t.Fatal(err)
	}
	return u
}

func (b *tab) path() string { b.t.Helper(); return b.url().Path }

// text is what a reader sees, in one line.
func (b *tab) text() string {
	b.t.Helper()
	return strings.Join(strings.Fields(evaluate[string](b, "document.body.innerText")), " ")
}

// sees fails the test unless the page is where and what it should be.
func (b *tab) sees(path string, status int64, texts ...string) {
	b.t.Helper()
	if got := b.path(); got != path || b.status != status {
		b.t.Fatalf("is at %s with %d, not at %s with %d:\n%s", got, b.status, path, status, b.text())
	}
	for _, text := range texts {
		if !strings.Contains(b.text(), text) {
			b.t.Fatalf("%s does not say %q, but\n%s", path, text, b.text())
		}
	}
}

// attribute is of the first element of a CSS selector.
func (b *tab) attribute(selector, name string) string {
	b.t.Helper()
	return evaluate[string](b, fmt.Sprintf("document.querySelector(%q)?.getAttribute(%q) ?? ''", selector, name))
}

// signIn goes as far as the password does.
func (b *tab) signIn(email, password string) {
	b.t.Helper()
	b.open("/signin")
	b.fill("email", email)
	b.fill("password", password)
	b.press("Sign in")
}

// signedIn is a tab in which somebody has signed in by password alone.
func (r *realm) signedIn(s screen, email string) *tab {
	r.t.Helper()
	b := r.newTab(s)
	b.signIn(email, password)
	b.sees("/account", http.StatusOK)
	return b
}
