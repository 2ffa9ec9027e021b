// SPDX-License-Identifier: Apache-2.0

package peers

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/realmkeeper/realmkeeper/internal/credentialplugin"
	"github.com/realmkeeper/realmkeeper/internal/testenv/realmtest"
)

// pluginFiles is the folder in which the plugin keeps the tokens of one client.
type pluginFiles struct {
	t      *testing.T
	folder string
}

func (f *pluginFiles) path() string {
	f.t.Helper()
	found, err := filepath.Glob(filepath.Join(f.folder, "*.json"))
	if err != nil || len(found) != 1 {
		f.t.Fatalf("the folder has %v, %v", found, err)
	}
	return found[0]
}

func (f *pluginFiles) read() map[string]any {
	f.t.Helper()
	content, err := os.ReadFile(f.path())
	fields := map[string]any{}
	if err := errors.Join(err, json.Unmarshal(content, &fields)); err != nil {
		f.t.Fatal(err)
	}
	return fields
}

func (f *pluginFiles) change(name string, value any) {
	f.t.Helper()
	fields := f.read()
	fields[name] = value
	content, err := json.Marshal(fields)
	if err != nil {
		f.t.Fatal(err)
	}
	write(f.t, f.path(), string(content))
}

// plugin is one on whose clock and connections a test has a hand.
type plugin struct {
	credentialplugin.Plugin
	t     *testing.T
	files *pluginFiles
	clock realmtest.Clock // which stands still
	// meddle is in the way of each request, if it is set.
	meddle func(r *http.Request) (*http.Response, error)
}

// newPlugin is that of Ann, who is signed in.
func (r *realm) newPlugin(c client, changes ...func(*plugin)) *plugin {
	r.t.Helper()
	connected, err := credentialplugin.NewHTTP([]byte(r.authority()))
	if err != nil {
		r.t.Fatal(err)
	}
	straight := connected.Transport
	p := &plugin{t: r.t, files: &pluginFiles{r.t, r.t.TempDir()}}
	p.clock.Stop()
	connected.Transport = roundTripper(func(request *http.Request) (*http.Response, error) {
		if p.meddle != nil {
			return p.meddle(request)
		}
		return straight.RoundTrip(request)
	})
	p.Plugin = credentialplugin.Plugin{
		Issuer: r.Config.Issuer, ClientID: c.ID, Scopes: c.Scopes, Dir: p.files.folder, HTTP: connected,
		Browse: func(address string) error { r.agrees(address); return nil }, Tell: io.Discard, Now: p.clock.Now,
	}
	for _, change := range changes {
		change(p)
	}
	if err := p.Login(r.t.Context()); err != nil {
		r.t.Fatal(err)
	}
	return p
}

type roundTripper func(*http.Request) (*http.Response, error)

func (f roundTripper) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// goesOn fails the test unless Ann is given an ID token that is not the one of before.
func (p *plugin) goesOn(ctx context.Context) {
	p.t.Helper()
	before := p.files.read()["id_token"]
	p.files.change("expires", p.Now())
	c, err := p.Token(ctx, false)
	if err != nil || string(c.Token) == before || c.Token == "" {
		p.t.Fatalf("a refresh makes %v, another token: %t", err, string(c.Token) != before)
	}
}

// An answer that got lost, or could not be kept, ends no sign-in that the realm would go on with.
func TestALostAnswerSignsNobodyOut(t *testing.T) {
	t.Parallel()
	c := kubectlClient(t)
	isRefresh := func(r *http.Request) bool { return strings.HasSuffix(r.URL.Path, "/oauth2/token") }
	for name, lose := range map[string]func(p *plugin, straight http.RoundTripper){
		"on the way": func(p *plugin, straight http.RoundTripper) {
			lost := atomic.Bool{}
			p.meddle = func(r *http.Request) (*http.Response, error) {
				response, err := straight.RoundTrip(r)
				if err == nil && isRefresh(r) && lost.CompareAndSwap(false, true) {
					return nil, errors.Join(io.ErrUnexpectedEOF, response.Body.Close())
				}
				return response, err
			}
			p.goesOn(t.Context())
			if !lost.Load() {
				t.Error("no answer was lost")
			}
		},
		"in a silence": func(p *plugin, straight http.RoundTripper) {
			lost := atomic.Bool{}
			p.meddle = func(r *http.Request) (*http.Response, error) {
				response, err := straight.RoundTrip(r)
				if err == nil && isRefresh(r) && lost.CompareAndSwap(false, true) {
					<-r.Context().Done()
					return nil, errors.Join(r.Context().Err(), response.Body.Close())
				}
				return response, err
			}
			p.goesOn(t.Context())
		},
		"with the process": func(p *plugin, _ http.RoundTripper) {
			before := p.files.read()
			p.goesOn(t.Context())
			p.files.change("refresh_token", before["refresh_token"]) // as if it had ended before it wrote
			p.goesOn(t.Context())
		},
		"by Ctrl-C": func(p *plugin, straight http.RoundTripper) {
			ctx, interrupt := context.WithCancel(t.Context())
			p.meddle = func(r *http.Request) (*http.Response, error) {
				if isRefresh(r) {
					interrupt()
				}
				return straight.RoundTrip(r)
			}
			p.goesOn(ctx)
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newRealm(t, c)
			r.Clock.Stop() // which gives the token before all the time that a busy machine takes
			p := r.newPlugin(c)
			straight, err := credentialplugin.NewHTTP([]byte(r.authority()))
			if err != nil {
				t.Fatal(err)
			}
			lose(p, straight.Transport)
			p.meddle = nil
			p.goesOn(t.Context())
		})
	}
}

// While the realm is away, an ID token is used to its end, and nobody is signed out.
func TestTheRealmIsAwayForAWhile(t *testing.T) {
	t.Parallel()
	c := kubectlClient(t)
	r := newRealm(t, c)
	p := r.newPlugin(c)
	p.meddle = func(*http.Request) (*http.Response, error) { return nil, io.ErrUnexpectedEOF }
	first := p.files.read()["id_token"]
	p.clock.Advance(55 * time.Second)
	if c, err := p.Token(t.Context(), true); err != nil || string(c.Token) != first {
		t.Errorf("a token that is near its end: %v", err)
	}
	p.clock.Advance(10 * time.Second)
	if _, err := p.Token(t.Context(), true); err == nil || errors.Is(err, credentialplugin.ErrSignedOut) {
		t.Errorf("a token that is at its end: %v", err)
	}
	p.meddle = nil
	p.clock.Advance(-65 * time.Second)
	p.goesOn(t.Context())
}

// Whom the realm refuses is asked to sign in again, if there is somebody to ask, and who leaves
// takes the refresh token along.
func TestSigningInAndOutAgain(t *testing.T) {
	t.Parallel()
	c := kubectlClient(t)
	r := newRealm(t, c)
	p := r.newPlugin(c)
	stolen := p.files.read()["refresh_token"]
	if err := p.Logout(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, err := p.Token(t.Context(), false); !errors.Is(err, credentialplugin.ErrSignedOut) {
		t.Errorf("who has signed out: %v", err)
	}
	if c, err := p.Token(t.Context(), true); err != nil || c.Token == "" {
		t.Fatalf("who is asked: %v", err)
	}
	p.files.change("refresh_token", stolen)
	p.files.change("expires", p.Now())
	if _, err := p.Token(t.Context(), false); !errors.Is(err, credentialplugin.ErrSignedOut) {
		t.Errorf("a refresh token of before: %v", err)
	}
	if err := p.Logout(t.Context()); err != nil {
		t.Errorf("to sign out twice: %v", err)
	}
}

// Of many that refresh at once, one does, and nobody asks for a second sign-in.
func TestPluginsTakeTurns(t *testing.T) {
	t.Parallel()
	c := kubectlClient(t)
	r := newRealm(t, c)
	p := r.newPlugin(c)
	p.files.change("expires", p.Now())
	before := r.refreshes()
	var all sync.WaitGroup
	for range 50 {
		all.Go(func() {
			if _, err := p.Token(t.Context(), false); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	if after := r.refreshes(); after != before+1 {
		t.Errorf("fifty at once have refreshed %d times", after-before)
	}
}
