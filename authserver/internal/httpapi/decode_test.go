// SPDX-License-Identifier: Apache-2.0

package httpapi

import (
	"encoding/json"
	"net/http/httptest"
	"reflect"
	"slices"
	"strings"
	"testing"
)

func FuzzDecode(f *testing.F) {
	for _, seed := range []string{
		`{"email": "a@example.com", "password": "x"}`, `{"email": 1}`, `{"email": "a@b", "email": "c@d"}`,
		`{}`, `[]`, `{"a": {"b": [1, 2, {}]}}`, "{\"email\": \"\xff\"}", `{"email": "a@b"} {}`, `{`, `{"email"`, "",
	} {
		f.Add(seed)
	}
	s := decoderOf(reflect.TypeFor[loginBody]())
	f.Fuzz(func(t *testing.T, document string) {
		body := loginBody{}
		problems := s.decode([]byte(document), reflect.ValueOf(&body).Elem())
		if len(problems) > 0 {
			return
		}
		// What is accepted means to encoding/json what it means to us.
		theirs := map[string]any{}
		if err := json.Unmarshal([]byte(document), &theirs); err != nil {
			t.Fatalf("accepted what is not JSON: %v", err)
		}
		if len(theirs) != 2 || theirs["email"] != body.Email || theirs["password"] != string(body.Password) {
			t.Errorf("read %q differently", document)
		}
		if len(body.Email) > 254 || !strings.Contains(body.Email, "@") || body.Password == "" {
			t.Errorf("accepted %q", document)
		}
	})
}

func TestEveryRouteIsDescribed(t *testing.T) {
	t.Parallel()
	for _, r := range new(API).routes() {
		if r.in == nil || r.out == nil || r.summary == "" || r.status == 0 {
			t.Errorf("%s is not described", r.pattern())
		}
	}
}

// A client that streams its body does not say beforehand that there is none.
func TestABodyThatMayBeLeftOutMayBeEmpty(t *testing.T) {
	t.Parallel()
	tried := 0
	for _, r := range new(API).routes() {
		d := decoderOf(r.in)
		body := d.in(inBody)
		if len(body) == 0 || slices.ContainsFunc(body, func(f field) bool { return f.required }) {
			continue
		}
		tried++
		for _, contentType := range []string{"application/json", "application/octet-stream", ""} {
			for name, length := range map[string]int64{"without a length": -1, "of length 0": 0} {
				request := httptest.NewRequest(r.method, "https://auth.example.com/", strings.NewReader(""))
				request.ContentLength = length
				request.Header.Set("Content-Type", contentType)
				request.SetPathValue("id", "00000000-0000-4000-8000-000000000000")
				request.SetPathValue("provider", "elsewhere")
				request.SetPathValue("token", "rkx_mailed")
				if err := d.read(httptest.NewRecorder(), request, reflect.New(r.in).Interface()); err != nil {
					t.Errorf("%s with a body %s and the type %q: %v", r.pattern(), name, contentType, err)
				}
			}
		}
	}
	if tried == 0 {
		t.Error("no body may be left out")
	}
}

// The byte that tells whether there is a body is part of it.
func TestABodyWithoutALengthIsReadWhole(t *testing.T) {
	t.Parallel()
	for document, want := range map[string]string{`{"refresh_token": "x"}`: "x", `{}`: ""} {
		request := httptest.NewRequest("POST", "https://auth.example.com/", strings.NewReader(document))
		request.ContentLength = -1
		request.Header.Set("Content-Type", "application/json")
		body := logoutBody{}
		if err := decoderOf(reflect.TypeFor[logoutBody]()).read(httptest.NewRecorder(), request, &body); err != nil || string(body.RefreshToken) != want {
			t.Errorf("%s is read as %q, %v", document, body.RefreshToken, err)
		}
	}
}
