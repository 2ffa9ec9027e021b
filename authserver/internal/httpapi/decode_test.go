// SPDX-License-Identifier: Apache-2.0

package httpapi

import (
	"encoding/json"
	"reflect"
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
