// SPDX-License-Identifier: Apache-2.0

package web

import (
	"slices"
	"strings"

	"github.com/realmkeeper/realmkeeper/authserver/internal/auth"
	"github.com/realmkeeper/realmkeeper/authserver/internal/request"
)

func (w *Web) backupCodePages() []page {
	return []page{
		{"POST /account/two-factor/backup-codes/file", request.RateRead, w.downloadCodes},
	}
}

// file is something to keep, not to look at.
type file struct{ name, content string }

// downloadCodes gives the codes that a page shows back as a file. They are kept
// nowhere, so they come with the form.
func (w *Web) downloadCodes(req *pageRequest) (*response, error) {
	codes := strings.Fields(req.field("codes", 1024))
	odd := func(code string) bool { return strings.Trim(code, "0123456789abcdefghijklmnopqrstuvwxyz-") != "" }
	if len(codes) == 0 || slices.ContainsFunc(codes, odd) {
		return nil, &auth.Error{Code: auth.InvalidRequest}
	}
	user := auth.User{}
	err := w.signedIn(req, func(access auth.Secret) (err error) {
		user, err = w.Accounts.Profile(req.r.Context(), access)
		return err
	})
	if err != nil {
		return nil, err
	}
	lines := append([]string{w.Settings().UI.DisplayName, user.Email, req.language.T("two-factor.keep-file"), ""}, codes...)
	return &response{file: &file{"backup-codes.txt", strings.Join(lines, "\r\n") + "\r\n"}}, nil
}

func (w *Web) download(req *pageRequest, f file) {
	w.setSecurityHeaders(req)
	h := req.w.Header()
	h.Set("Content-Type", "text/plain; charset=utf-8")
	h.Set("Content-Disposition", `attachment; filename="`+f.name+`"`)
	_, _ = req.w.Write([]byte(f.content)) // a browser that has left is no news
}
