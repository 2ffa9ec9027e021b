// SPDX-License-Identifier: Apache-2.0

package oidc

import (
	"errors"
	"io"
	"mime"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/realmkeeper/realmkeeper/authserver/internal/auth"
)

const (
	// maxBody is in bytes.
	maxBody = 64 << 10
	// formType is of every body that OAuth 2.0 knows (RFC 6749, appendix B).
	formType = "application/x-www-form-urlencoded"
)

// form is the parameters of a request. One without a value is one that is not there
// (RFC 6749, section 3.1).
type form struct{ values url.Values }

// get is the value of a parameter; empty for one that is not there.
func (f form) get(name string) string { return f.values.Get(name) }

// secret is the value of a parameter that must not be seen.
func (f form) secret(name string) auth.Secret { return auth.Secret(f.get(name)) }

// has reports whether a parameter is there.
func (f form) has(name string) bool { return f.get(name) != "" }

// resources are the values of a parameter that may stand more than once (RFC 8707,
// section 2), each once.
func (f form) resources() []string { return f.all(resourceParameter) }

// all are the values of a parameter, each once.
func (f form) all(name string) []string {
	list := slices.DeleteFunc(slices.Clone(f.values[name]), func(value string) bool { return value == "" })
	slices.Sort(list)
	return slices.Compact(list)
}

// Those that may stand more than once: RFC 8707, section 2, and RFC 8693, section 2.1.
const (
	resourceParameter = "resource"
	audienceParameter = "audience"
)

// readForm reads the parameters in the body of a request. Those of its address are
// refused: addresses end up in logs, and secrets must not (RFC 6749, section 2.3.1).
// It refuses with InvalidRequest and never quotes a value.
func readForm(w http.ResponseWriter, r *http.Request) (form, error) {
	if r.URL.RawQuery != "" {
		return form{}, refuse(InvalidRequest, "Parameters must stand in the body and not in the address.")
	}
	mediaType, parameters, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	charset := parameters["charset"]
	if err != nil || mediaType != formType || charset != "" && !strings.EqualFold(charset, "utf-8") {
		return form{}, refuse(InvalidRequest, "The Content-Type must be "+formType+".")
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
	switch {
	case errors.As(err, new(*http.MaxBytesError)):
		return form{}, errorOf(auth.Refuse(auth.BodyTooLarge))
	case err != nil:
		return form{}, &Error{Code: InvalidRequest, Description: "The body ends before its end.", Cause: err}
	}
	return parseForm(string(body))
}

// parseForm reads parameters that are encoded as RFC 6749, appendix B, says. It refuses
// with InvalidRequest what is encoded otherwise, what stands twice (section 3.1), and
// what no parameter may hold (appendix A).
func parseForm(encoded string) (form, error) {
	values, err := url.ParseQuery(encoded)
	if err != nil {
		return form{}, refuse(InvalidRequest, "The parameters are not encoded as a form.") // the error quotes them
	}
	for name, all := range values {
		switch {
		case len(all) > 1 && name != resourceParameter && name != audienceParameter:
			return form{}, refuse(InvalidRequest, "A parameter stands twice: "+quotable(name)+".")
		case slices.ContainsFunc(all, unprintable):
			return form{}, refuse(InvalidRequest, "A parameter has characters that none may have: "+quotable(name)+".")
		}
	}
	return form{values}, nil
}

// unprintable finds what stands in no value of RFC 6749, appendix A.
func unprintable(value string) bool {
	return !utf8.ValidString(value) || strings.ContainsFunc(value, unicode.IsControl)
}

// quotable is a name that looks like one. Anything else may be a value in a wrong place.
func quotable(name string) string {
	const longest = 32
	odd := func(r rune) bool { return r != '_' && (r < 'a' || r > 'z') }
	if name == "" || len(name) > longest || strings.ContainsFunc(name, odd) {
		return "one whose name is not known"
	}
	return name
}
