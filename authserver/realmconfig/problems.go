// SPDX-License-Identifier: Apache-2.0

package realmconfig

import (
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"time"
	"unicode"
)

// problems collects what is wrong with a document, so that one look shows all.
type problems struct{ errs []error }

func (p *problems) add(err error) {
	if err != nil {
		p.errs = append(p.errs, err)
	}
}

func (p *problems) check(ok bool, format string, args ...any) {
	if !ok {
		p.add(fmt.Errorf(format, args...))
	}
}

func (p *problems) duration(field string, d Duration, low, high time.Duration) {
	v := time.Duration(d)
	p.check(v >= low && v <= high, "%s: must be %s to %s", field, low, high)
}

func (p *problems) number(field string, n, low, high int) {
	p.check(n >= low && n <= high, "%s: must be %d to %d", field, low, high)
}

func (p *problems) join() error { return errors.Join(p.errs...) }

// oneOf wants one of at least two words.
func oneOf[T ~string](p *problems, field string, word T, known ...T) {
	if slices.Contains(known, word) {
		return
	}
	words := []string{}
	for _, k := range known {
		words = append(words, string(k))
	}
	last := len(words) - 1
	p.check(false, "%s: must be %s or %s", field, strings.Join(words[:last], ", "), words[last])
}

// isHTTP reports whether a text is a URL at which somebody may answer: a host that is
// one, a port that there is, and nothing at which a text with the URL in it would break.
func isHTTP(raw string) bool {
	u, err := url.Parse(raw)
	return err == nil && (u.Scheme == "https" || u.Scheme == "http") && u.Hostname() != "" && u.User == nil &&
		!strings.Contains(u.Host, "*") && plausiblePort(u) && !strings.ContainsFunc(raw, unicode.IsSpace)
}
