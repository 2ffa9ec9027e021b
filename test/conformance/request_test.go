// SPDX-License-Identifier: Apache-2.0

package conformance

import (
	"crypto/rand"
	"math"
	"mime"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/realmkeeper/realmkeeper/internal/testenv/realmtest"
)

// newRequest has a form as its body where there is one.
func newRequest(t testing.TB, method, address string, form url.Values) *http.Request {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, address, strings.NewReader(form.Encode()))
	if err != nil {
		t.Fatal(err)
	}
	if form != nil {
		r.Header.Set("Content-Type", formType)
	}
	return r
}

// send asks as a program does, which follows nothing.
func send(t testing.TB, client *http.Client, r *http.Request) realmtest.Answer {
	t.Helper()
	response, err := client.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	a, err := realmtest.ReadAnswer(response)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func get(t testing.TB, client *http.Client, address string) realmtest.Answer {
	t.Helper()
	return send(t, client, newRequest(t, http.MethodGet, address, nil))
}

// mediaType is that of an answer, without parameters.
func mediaType(a realmtest.Answer) string {
	media, _, _ := mime.ParseMediaType(a.Header.Get("Content-Type"))
	return media
}

// hostOf is the host and port of an address.
func hostOf(t testing.TB, address string) string {
	t.Helper()
	u, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	return u.Host
}

// withQuery is an address with parameters.
func withQuery(address string, values url.Values) string {
	separator := "?"
	if strings.Contains(address, "?") {
		separator = "&"
	}
	return address + separator + values.Encode()
}

// randomText has a length, and letters and digits that nobody guesses.
func randomText(length int) string {
	text := ""
	for len(text) < length {
		text += rand.Text()
	}
	return text[:length]
}

// entropy is that of a text, in bits, by how often each of its characters stands in it
// (Shannon). It is less than what went into a random text.
func entropy(text string) float64 {
	times := map[rune]float64{}
	for _, r := range text {
		times[r]++
	}
	bits := 0.0
	for _, n := range times {
		bits -= n * math.Log2(n/float64(len(text)))
	}
	return bits
}
