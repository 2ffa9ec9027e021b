// SPDX-License-Identifier: Apache-2.0

package web

import (
	"slices"
	"testing"

	"github.com/realmkeeper/realmkeeper/authserver/internal/request"
)

// What a page asks or changes has the limit of the route that does the same for
// programs. A session is refreshed within the limit of refreshes, whatever the page.
func TestEveryPageHasALimit(t *testing.T) {
	t.Parallel()
	fromMemory := []string{
		"GET /{$}", "GET /signin", "GET /signin/mail", "GET /signin/mail/code", "GET /signed-out", "GET /register", "GET /forgot", "GET /admin", "POST /language",
	}
	for _, p := range new(Web).pages() {
		if limited := p.rate != request.Unlimited; limited == slices.Contains(fromMemory, p.pattern) {
			t.Errorf("%s has a limit: %t", p.pattern, limited)
		}
	}
}
