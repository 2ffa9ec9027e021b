// SPDX-License-Identifier: Apache-2.0

package web

import (
	"encoding/json"
	"net/http"
	"time"

	"github.com/realmkeeper/realmkeeper/authserver/internal/passkey"
	"github.com/realmkeeper/realmkeeper/authserver/internal/request"
	"github.com/realmkeeper/realmkeeper/authserver/internal/signin"
)

func (w *Web) passkeySignInPages() []page {
	return []page{
		{"POST /signin/passkey/begin", request.RatePasskey, w.askPasskey},
		{"POST /signin/passkey", request.RateLogin, w.signInByPasskey},
		{"POST /signin/code/passkey/begin", request.RateCode, w.askSecondPasskey},
		{"POST /signin/code/passkey", request.RateCode, w.answerWithPasskey},
		{"POST /account/proof/passkey/begin", request.RateCode, w.askPasskeyProof},
	}
}

// ceremonyCookies bind what an authenticator is asked to the browser that asked: nobody can
// bring an answer of their own to somebody else's.
func ceremonyCookies() request.FlowCookies {
	return request.FlowCookies{Name: "__Host-rk-passkey", Most: 4, MostBytes: 512, Lifetime: passkey.CeremonyLifetime}
}

// ceremonyDocument is for the page's script.
type ceremonyDocument struct {
	Flow    string          `json:"flow"`
	Options json.RawMessage `json:"options"`
}

func (req *pageRequest) keepCeremony(c passkey.Ceremony, err error) (*response, error) {
	if err != nil {
		return nil, err
	}
	flow := request.FlowOf(c.ID)
	ceremonyCookies().Keep(req.w, req.r, flow, string(c.ID))
	return &response{document: ceremonyDocument{flow, c.Options}}, nil
}

// passkeyAnswer is what the page's script has put into the form.
func (req *pageRequest) passkeyAnswer() signin.PasskeyAnswer {
	return signin.PasskeyAnswer{
		Ceremony:   ceremonyCookies().Take(req.w, req.r, req.field("flow", 16)),
		Credential: req.field("credential", maxCredential),
	}
}

func (w *Web) askPasskey(req *pageRequest) (*response, error) {
	return req.keepCeremony(w.SignIn.AskPasskey(req.r.Context()))
}

func (w *Web) signInByPasskey(req *pageRequest) (*response, error) {
	result, err := w.SignIn.PasskeyLogin(req.r.Context(), req.passkeyAnswer(), req.client)
	if err != nil {
		return w.refusedPasskey(req, err)
	}
	return w.afterSignIn(req, result)
}

func (w *Web) askSecondPasskey(req *pageRequest) (*response, error) {
	return req.keepCeremony(w.SignIn.AskPasskeyFor(req.r.Context(), req.codePage().ID, req.client))
}

func (w *Web) answerWithPasskey(req *pageRequest) (*response, error) {
	p := req.codePage()
	admitted, err := w.SignIn.AnswerWithPasskey(req.r.Context(), p.ID, req.passkeyAnswer(), req.client)
	if err != nil {
		return w.refusedCode(p, err)
	}
	return w.afterSignIn(req, admitted.SignIn())
}

// relatedOriginsPath is where browsers look for the pages that may ask for the realm's passkeys
// besides its own (Web Authentication Level 3, section 5.11). It is at the host's root.
const relatedOriginsPath = "/.well-known/webauthn"

type relatedOriginsBody struct {
	Origins []string `json:"origins"`
}

func (w *Web) relatedOrigins(rw http.ResponseWriter, r *http.Request) {
	origins, err := w.SignIn.Passkeys.Origins()
	document := []byte{}
	if err == nil {
		document, err = json.Marshal(relatedOriginsBody{origins})
	}
	if err != nil {
		w.problems.Write(rw, r, err)
		return
	}
	request.ServeDocument(rw, r, document, 5*time.Minute)
}
