// SPDX-License-Identifier: Apache-2.0

package client

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/realmkeeper/realmkeeper/authserver/internal/auth"
)

func TestWhatAnAssertionMustSay(t *testing.T) {
	t.Parallel()
	const issuer, endpoint = "https://auth.example.com", "https://auth.example.com/oauth2/token"
	now := time.Date(2026, 11, 30, 12, 0, 0, 0, time.UTC)
	in := func(d time.Duration) float64 { return float64(now.Add(d).UnixMilli()) / 1000 }
	for name, c := range map[string]struct {
		change  map[string]any // nil takes a claim away
		problem string
	}{
		"good":                             {nil, ""},
		"for the token endpoint":           {map[string]any{"aud": endpoint}, ""},
		"for both":                         {map[string]any{"aud": []string{issuer, endpoint}}, ""},
		"with more claims":                 {map[string]any{"scope": "x", "nbf": in(0), "iat": in(0)}, ""},
		"with a time in fractions":         {map[string]any{"exp": in(1500 * time.Millisecond)}, ""},
		"for nobody":                       {map[string]any{"aud": nil}, "aud must be"},
		"for an empty list":                {map[string]any{"aud": []string{}}, "aud must be"},
		"for another issuer":               {map[string]any{"aud": "https://evil.example.com"}, "aud must be"},
		"for the issuer but for a slash":   {map[string]any{"aud": issuer + "/"}, "aud must be"},
		"for us and another":               {map[string]any{"aud": []string{issuer, "https://evil.example.com"}}, "aud must be"},
		"of another issuer":                {map[string]any{"iss": "shop.other"}, "iss and sub must be"},
		"of no issuer":                     {map[string]any{"iss": nil}, "iss and sub must be"},
		"about another client":             {map[string]any{"sub": "shop.other"}, "iss and sub must be"},
		"without an end":                   {map[string]any{"exp": nil}, "must have an exp"},
		"that ends at null":                {map[string]any{"exp": json.RawMessage("null")}, "must have an exp"},
		"that ended a moment ago":          {map[string]any{"exp": in(-29 * time.Second)}, ""},
		"that has ended":                   {map[string]any{"exp": in(-30 * time.Second)}, "has expired"},
		"that ends in an hour":             {map[string]any{"exp": in(time.Hour + 30*time.Second)}, ""},
		"that ends tomorrow":               {map[string]any{"exp": in(time.Hour + 31*time.Second)}, "exp must be within 1h"},
		"that begins in a moment":          {map[string]any{"nbf": in(30 * time.Second)}, ""},
		"that is yet to begin":             {map[string]any{"nbf": in(31 * time.Second)}, "nbf is yet to come"},
		"that is yet to be made":           {map[string]any{"iat": in(31 * time.Second)}, "iat is yet to come"},
		"that cannot be told from others":  {map[string]any{"jti": nil}, "must have a jti"},
		"that is told from others by \"\"": {map[string]any{"jti": ""}, "must have a jti"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			said := map[string]any{"iss": "shop.web", "sub": "shop.web", "aud": issuer, "exp": in(time.Minute), "jti": "1"}
			for claim, value := range c.change {
				if said[claim] = value; value == nil {
					delete(said, claim)
				}
			}
			document, err := json.Marshal(said)
			if err != nil {
				t.Fatal(err)
			}
			read := claims{}
			if err := json.Unmarshal(document, &read); err != nil {
				t.Fatal(err)
			}
			err = read.check("shop.web", []string{issuer, endpoint}, now)
			if (err == nil) != (c.problem == "") || err != nil && !strings.Contains(err.Error(), c.problem) {
				t.Errorf("got %v, want %q", err, c.problem)
			}
		})
	}
}

func TestClaimsThatAreNone(t *testing.T) {
	t.Parallel()
	for name, document := range map[string]string{
		"a number as audience":        `{"aud": 1}`,
		"numbers as audiences":        `{"aud": [1]}`,
		"a text as time":              `{"exp": "2026-11-30"}`,
		"a time before there was any": `{"exp": -1}`,
		"a time beyond all years":     `{"exp": 1e300}`,
		"a number as jti":             `{"jti": 1}`,
		"a list":                      `[]`,
	} {
		if err := json.Unmarshal([]byte(document), new(claims)); err == nil {
			t.Errorf("%s is taken", name)
		}
	}
}

func TestOneJTIIsAnotherOfAnotherClient(t *testing.T) {
	t.Parallel()
	one, same, other := claims{Subject: "a.b", ID: "1"}, claims{Subject: "a.b", ID: "1"}, claims{Subject: "a.c", ID: "1"}
	if one.hash() != same.hash() || one.hash() == other.hash() {
		t.Error("hashes do not tell")
	}
}

func jwtOf(payload string) auth.Secret {
	return auth.Secret("e30." + base64.RawURLEncoding.EncodeToString([]byte(payload)) + ".x")
}

func TestWhoseAnAssertionIs(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		assertion auth.Secret
		want      string
	}{
		"a JWT":               {jwtOf(`{"sub": "shop.web"}`), "shop.web"},
		"a JWT about nobody":  {jwtOf(`{"iss": "shop.web"}`), ""},
		"a JWT of no object":  {jwtOf(`"shop.web"`), ""},
		"two parts":           {"e30.e30", ""},
		"four parts":          {jwtOf(`{"sub": "shop.web"}`) + ".x", ""},
		"JSON serialization":  {`{"payload": "e30", "signatures": []}`, ""},
		"base64 with padding": {"e30." + auth.Secret(base64.URLEncoding.EncodeToString([]byte(`{"sub": "ab"}`))) + ".x", ""},
		"nothing":             {"", ""},
		"a megabyte":          {jwtOf(`{"sub": "` + strings.Repeat("a", 1<<20) + `"}`), ""},
		"a megabyte of dots":  {auth.Secret(strings.Repeat(".", 1<<20)), ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := subjectOf(c.assertion)
			var refused *InvalidClient
			if got != c.want || (err == nil) != (c.want != "") || err != nil && !errors.As(err, &refused) {
				t.Errorf("got %q, %v", got, err)
			}
		})
	}
}

func FuzzAssertion(f *testing.F) {
	f.Add(string(jwtOf(`{"iss": "a.b", "sub": "a.b", "aud": ["https://a"], "exp": 1764504000.5, "jti": "1"}`)))
	f.Add("..")
	now := time.Date(2025, 11, 30, 12, 0, 0, 0, time.UTC)
	f.Fuzz(func(t *testing.T, assertion string) {
		subject, err := subjectOf(auth.Secret(assertion))
		if (err == nil) == (subject == "") {
			t.Fatalf("%q, %v", subject, err)
		}
		payload, _ := base64.RawURLEncoding.DecodeString(strings.Split(assertion+"..", ".")[1])
		c := claims{}
		if json.Unmarshal(payload, &c) == nil && c.check("a.b", []string{"https://a"}, now) == nil {
			if c.Issuer != "a.b" || c.Expires.Before(now.Add(-clockSkew)) || c.Expires.After(now.Add(2*assertionLifetime)) || fmt.Sprint(c.Audience) != "[https://a]" && len(c.Audience) < 2 {
				t.Errorf("%s is taken", payload)
			}
		}
	})
}
