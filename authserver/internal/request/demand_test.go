// SPDX-License-Identifier: Apache-2.0

package request

import (
	"net/url"
	"strconv"
	"testing"
	"time"

	"github.com/realmkeeper/realmkeeper/authserver/internal/auth"
)

func TestParseDemand(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]auth.Demand{
		"": {}, "role=admin": {}, "acr=1": {ACR: "1"}, "acr=2&max_age=60": {ACR: "2", MaxAge: time.Minute}, "max_age=31536000": {MaxAge: 365 * 24 * time.Hour},
	} {
		query, err := url.ParseQuery(text)
		if err != nil {
			t.Fatal(err)
		}
		if got, err := ParseDemand(query); err != nil || got != want {
			t.Errorf("%q: %+v, %v", text, got, err)
		}
	}
}

// What is demanded is what was written, or everybody is refused.
func FuzzParseDemand(f *testing.F) {
	for _, seed := range []string{"", "acr=2", "acr=2&acr=2", "acr=", "acr=3", "max_age=60", "max_age=59", "max_age=-1", "max_age=99999999999999999999", "acr=%32&max_age=+60", "max_age"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		query, err := url.ParseQuery(text)
		if err != nil {
			return
		}
		d, err := ParseDemand(query)
		if err != nil {
			if d != (auth.Demand{}) {
				t.Errorf("%q is refused, and %+v", text, d)
			}
			return
		}
		if query.Has("acr") != (d.ACR != "") || d.ACR != query.Get("acr") || query.Has("max_age") != (d.MaxAge > 0) {
			t.Errorf("%q is %+v", text, d)
		}
		if seconds, err := strconv.Atoi(query.Get("max_age")); d.MaxAge > 0 && (err != nil || time.Duration(seconds)*time.Second != d.MaxAge) {
			t.Errorf("%q is %+v", text, d)
		}
	})
}
