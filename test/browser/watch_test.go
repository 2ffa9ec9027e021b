// SPDX-License-Identifier: Apache-2.0

package browser

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/chromedp/cdproto/audits"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/runtime"

	"github.com/realmkeeper/realmkeeper/internal/testenv/eventually"
)

// watch sees what a browser says of the realm's pages beside showing them.
type watch struct {
	origin string

	mu sync.Mutex
	// abroad is the origin of a provider's pages, which are not ours to judge.
	abroad      string
	faults      []string
	transferred float64 // bytes, headers included
}

// see is called with every event of a tab.
func (w *watch) see(event any) {
	w.mu.Lock()
	defer w.mu.Unlock()
	switch e := event.(type) {
	case *runtime.EventExceptionThrown:
		w.fault("exception: %s", e.ExceptionDetails.Text)
	case *runtime.EventConsoleAPICalled:
		w.fault("console: %s", e.Type)
	case *log.EventEntryAdded:
		// What the network says of a document is what the test itself looks at, and
		// a test may be quicker than the browser at going to a field.
		if e.Entry.Source != log.EntrySourceNetwork && !w.foreign(e.Entry.URL) && !strings.HasPrefix(e.Entry.Text, "Autofocus processing was blocked") {
			w.fault("log: %s", e.Entry.Text)
		}
	case *audits.EventIssueAdded:
		details, _ := json.Marshal(e.Issue.Details)
		// A passkey signs in without anybody's pressing anything on the page.
		if !strings.Contains(string(details), networkChanged) && !strings.Contains(string(details), "NavigationEntryMarkedSkippable") {
			w.fault("issue: %s %s", e.Issue.Code, details)
		}
	case *network.EventRequestWillBeSent:
		if u := e.Request.URL; !strings.HasPrefix(u, w.origin+"/") && !strings.HasPrefix(u, "data:") && u != "about:blank" && !w.foreign(u) {
			w.fault("request to a third party: %s", u)
		}
	case *network.EventResponseReceived:
		if e.Type != network.ResourceTypeDocument && e.Response.Status >= 400 && !w.foreign(e.Response.URL) {
			w.fault("%s answered %d", e.Response.URL, e.Response.Status)
		}
	case *network.EventLoadingFailed:
		if !e.Canceled && e.ErrorText != networkChanged {
			w.fault("%s did not load: %s", e.Type, e.ErrorText)
		}
	case *network.EventLoadingFinished:
		w.transferred += e.EncodedDataLength
	}
}

func (w *watch) fault(format string, args ...any) {
	w.faults = append(w.faults, fmt.Sprintf(format, args...))
}

func (w *watch) foreign(address string) bool {
	return w.abroad != "" && strings.HasPrefix(address, w.abroad+"/")
}

// allow takes the pages of a provider as they are.
func (w *watch) allow(origin string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.abroad = origin
}

func (w *watch) found() []string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return slices.Clone(w.faults)
}

// forget returns what was found and starts anew.
func (w *watch) forget() []string {
	w.mu.Lock()
	defer w.mu.Unlock()
	found := w.faults
	w.faults = nil
	return found
}

// weight is the bytes that came over the network so far.
func (w *watch) weight() int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return int(w.transferred)
}

// The tests of this package are worth what this one shows: that a fault is seen.
func TestTheWatchSees(t *testing.T) {
	t.Parallel()
	b := newRealm(t).serve().newTab(desk)
	for name, mischief := range map[string]string{
		"an inline script":              `{ const s = document.createElement("script"); s.textContent = "1"; document.head.append(s); }`,
		"an inline style":               `document.body.setAttribute("style", "color: red")`,
		"a picture from elsewhere":      `new Image().src = "https://192.0.2.1/track.png"`,
		"a script that is not there":    `{ const s = document.createElement("script"); s.src = "/assets/none/none.js"; document.head.append(s); }`,
		"a word on the console":         `console.error("no")`,
		"an exception":                  `setTimeout(() => { throw new Error("no") })`,
		"a frame":                       `document.body.append(document.createElement("iframe")), document.querySelector("iframe").src = "/signin"`,
		"a request that a script sends": `fetch("/api/auth/session").catch(() => {})`,
	} {
		b.open("/signin")
		b.watch.forget()
		evaluate[bool](b, "(() => {"+mischief+"; return true })()")
		eventually.Succeeds(t, func(context.Context) error {
			if len(b.watch.found()) == 0 {
				return fmt.Errorf("%s is not seen", name)
			}
			return nil
		})
	}
	b.watch.forget()
}
