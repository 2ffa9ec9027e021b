// SPDX-License-Identifier: Apache-2.0

package httpapi

import (
	"net/http"
	"strings"
)

// refuse writes an error for whoever is looking.
func (a *API) refuse(w http.ResponseWriter, r *http.Request, err error) {
	if wantsPage(r) {
		a.Pages.Fail(w, r, err)
		return
	}
	a.problems.Write(w, r, err)
}

// wantsPage reports whether a person is looking who would make nothing of JSON.
func wantsPage(r *http.Request) bool {
	return !strings.HasPrefix(r.URL.Path, apiPath) && strings.Contains(r.Header.Get("Accept"), "text/html")
}
