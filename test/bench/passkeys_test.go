// SPDX-License-Identifier: Apache-2.0

//go:build bench

package bench

import (
	"context"
	"fmt"
	"net/http"
	"time"

	"github.com/realmkeeper/realmkeeper/internal/testenv"
	"github.com/realmkeeper/realmkeeper/internal/testenv/realmfolder"
	"github.com/realmkeeper/realmkeeper/internal/testenv/realmtest"
)

// holder is somebody with a passkey, and the token by which the realm knows the device that it
// is on.
type holder struct {
	passkey testenv.Passkey
	device  string
}

// question is what the realm asks an authenticator.
type question struct {
	Ceremony string `json:"ceremony"`
	Options  struct {
		Challenge string              `json:"challenge"`
		User      struct{ ID string } `json:"user"`
	} `json:"options"`
}

// newHolders gives so many users a passkey each.
func (w *world) newHolders(n int) *pool[holder] {
	w.t.Helper()
	holders := &pool[holder]{}
	for _, session := range w.newSessions(n).free {
		h, err := w.newHolder(session)
		if err != nil {
			w.t.Fatalf("set a passkey up: %v", err)
		}
		holders.put(h)
	}
	return holders
}

func (w *world) newHolder(session tokens) (holder, error) {
	passkey, err := testenv.NewPasskey("https://"+realmfolder.IssuerHost, realmfolder.IssuerHost)
	if err != nil {
		return holder{}, err
	}
	asked := question{}
	if _, err := w.do(context.Background(), http.MethodPost, "/api/user/passkeys/begin", session.Access, nil, &asked); err != nil {
		return holder{}, err
	}
	passkey.Handle = asked.Options.User.ID
	credential, err := passkey.Create(asked.Options.Challenge)
	if err != nil {
		return holder{}, err
	}
	answer := map[string]string{"ceremony": asked.Ceremony, "credential": credential, "name": "bench"}
	response, err := w.do(context.Background(), http.MethodPost, "/api/user/passkeys", session.Access, answer, nil)
	if err == nil && response.StatusCode != http.StatusCreated {
		err = fmt.Errorf("answered %d", response.StatusCode)
	}
	return holder{passkey, session.Device}, err
}

// signInByPasskey is both requests of a sign-in: the question, and the answer that opens a
// session. People show a passkey at a device that the realm knows.
func (w *world) signInByPasskey(holders *pool[holder]) operation {
	return func(ctx context.Context) (int, error) {
		h, ok := holders.take()
		if !ok {
			return http.StatusServiceUnavailable, nil // more under way than there are people
		}
		h.passkey.Counter++
		status, err := w.showPasskey(ctx, h)
		holders.put(h)
		return status, err
	}
}

func (w *world) showPasskey(ctx context.Context, h holder) (int, error) {
	asked := question{}
	response, err := w.do(ctx, http.MethodPost, "/api/auth/passkey/begin", "", nil, &asked)
	if err != nil || response.StatusCode != http.StatusOK {
		return statusOf(response), err
	}
	credential, err := h.passkey.Get(asked.Options.Challenge)
	if err != nil {
		return 0, err
	}
	answer := map[string]string{"ceremony": asked.Ceremony, "credential": credential}
	request, err := realmtest.NewRequest(ctx, http.MethodPost, "https://"+realmfolder.IssuerHost+"/api/auth/passkey", answer)
	if err != nil {
		return 0, err
	}
	request.Header.Set("X-Forwarded-For", w.somewhere())
	request.Header.Set("X-Device-Token", h.device)
	response, err = w.send(request, nil)
	return statusOf(response), err
}

// passkeys measures sign-ins by passkey, at full speed and as people come.
func (r *report) passkeys(w *world, span time.Duration) {
	w.t.Helper()
	holders := w.newHolders(100)
	r.passkeyMost = w.clients("sign-in by passkey, both requests, 32 clients", 32, span, w.signInByPasskey(holders))
	r.passkey = w.arrivals("sign-in by passkey, both requests, 50 a second", 50, span, w.signInByPasskey(holders))
	r.add(r.passkeyMost, r.passkey)
}
