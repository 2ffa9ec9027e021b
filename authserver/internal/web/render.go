// SPDX-License-Identifier: Apache-2.0

package web

import (
	"bytes"
	"cmp"
	"embed"
	"encoding/json"
	"fmt"
	"html/template"
	"io/fs"
	"net/http"
	"net/url"
	"path"
	"slices"
	"strconv"
	"strings"

	"github.com/realmkeeper/realmkeeper/authserver/internal/auth"
	"github.com/realmkeeper/realmkeeper/authserver/internal/problem"
	"github.com/realmkeeper/realmkeeper/authserver/internal/request"
)

//go:embed templates
var templateFiles embed.FS

// templates are pages by name, each joined with the layout and the parts.
type templates map[string]*template.Template

func loadTemplates(a assets) (templates, error) {
	const layout = "templates/layout.html"
	files, err := fs.Glob(templateFiles, "templates/*.html")
	if err != nil {
		return nil, fmt.Errorf("read templates: %w", err)
	}
	functions := template.FuncMap{"asset": a.url, "clock": clock, "dict": dict}
	loaded := templates{}
	for _, file := range files {
		if file == layout {
			continue
		}
		page, err := template.New("layout.html").Funcs(functions).ParseFS(templateFiles, layout, "templates/parts/*.html", file)
		if err != nil {
			return nil, fmt.Errorf("read template: %w", err)
		}
		loaded[strings.TrimSuffix(path.Base(file), ".html")] = page
	}
	return loaded, nil
}

// clock is seconds as people read a countdown, "14:59".
func clock(seconds int) string { return fmt.Sprintf("%d:%02d", seconds/60, seconds%60) }

// dict gives a template that is called with several values their names.
func dict(pairs ...any) (map[string]any, error) {
	named := map[string]any{}
	for i := 0; i+1 < len(pairs); i += 2 {
		name, ok := pairs[i].(string)
		if !ok {
			return nil, fmt.Errorf("dict: argument %d is not a name", i)
		}
		named[name] = pairs[i+1]
	}
	return named, nil
}

// view is what every template is given.
type view struct {
	translation
	Languages []translation
	// Page is the template's name, Path where the page can be asked for again.
	Page, Path string
	// Origin is the realm's, on a page elsewhere; empty on its own.
	Origin string
	brand
	SignedIn bool
	Data     any
}

// Offers reports whether a tag is one of the page's languages, or none at all.
func (v view) Offers(tag string) bool {
	return tag == "" || slices.ContainsFunc(v.Languages, func(t translation) bool { return t.Tag == tag })
}

// Width is the class of pages with more on them than one form.
func (v view) Width() string {
	switch v.Page {
	case "account", "new-user", "new-token", "user", "group", "service-account":
		return "wide"
	case "users", "groups", "service-accounts", "audit", "required-people":
		return "widest"
	default:
		return ""
	}
}

func (w *Web) render(req *pageRequest, a *response) {
	document := &bytes.Buffer{}
	err := w.templates[a.template].Execute(document, view{
		translation: req.language, Languages: req.appearance.languages, Page: a.template, Path: req.path(), Origin: req.origin,
		brand: req.appearance.brand, SignedIn: hasSession(req.r), Data: a.data,
	})
	if err != nil {
		w.Log.ErrorContext(req.r.Context(), "page not rendered", "page", a.template, "error", err)
		http.Error(req.w, "Something went wrong on our side.", http.StatusInternalServerError)
		return
	}
	w.setSecurityHeaders(req)
	h := req.w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Content-Language", req.language.Tag)
	req.w.WriteHeader(max(a.status, http.StatusOK))
	_, _ = document.WriteTo(req.w) // a browser that has left is no news
}

// answerScript answers a script of a page.
func (w *Web) answerScript(req *pageRequest, document any) {
	encoded, err := json.Marshal(document)
	if err != nil {
		w.fail(req, fmt.Errorf("encode document: %w", err))
		return
	}
	w.setSecurityHeaders(req)
	req.w.Header().Set("Content-Type", "application/json")
	_, _ = req.w.Write(encoded) // a browser that has left is no news
}

// setSecurityHeaders sets what keeps a page from being framed, scripted, cached or
// told of to other sites.
func (w *Web) setSecurityHeaders(req *pageRequest) {
	h, self := req.w.Header(), cmp.Or(req.origin, "'self'")
	h.Set("Content-Security-Policy", "default-src 'none'; style-src "+self+"; script-src 'self'; img-src "+self+" data:; "+w.connections()+
		"form-action 'self'"+originsOf(w.Settings().Browser.ReturnURLs)+req.formAction()+"; frame-ancestors 'none'; base-uri 'none'")
	h.Set("Cache-Control", "no-store")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("Cross-Origin-Opener-Policy", "same-origin")
	h.Set("Permissions-Policy", "camera=(), geolocation=(), microphone=()")
}

// connections are for the script that asks what an authenticator is to answer.
func (w *Web) connections() string {
	if w.Settings().Passkeys == nil {
		return ""
	}
	return "connect-src 'self'; "
}

// formAction is where the form of somebody ends up whom an application has sent.
func (req *pageRequest) formAction() string {
	if req.journey.FormAction == "" {
		return ""
	}
	return " " + req.journey.FormAction
}

// originsOf are where a form may end up: a browser asks that of redirects too.
func originsOf(addresses []string) string {
	list := ""
	for _, address := range addresses {
		if u, err := url.Parse(address); err == nil {
			list += " " + u.Scheme + "://" + u.Host
		}
	}
	return list
}

// failure is what the error page shows.
type failure struct {
	Code auth.Code
	// Refused is the code, with its reason if there is one.
	Refused   auth.Code
	Seconds   int
	RequestID string
}

// Title is the key of what the page is headed with.
func (f failure) Title() string {
	switch problem.PageStatus(f.Code) {
	case http.StatusNotFound:
		return "error.not-found"
	case http.StatusTooManyRequests:
		return "error.slow-down"
	case http.StatusServiceUnavailable:
		return "error.away"
	default:
		return "error.title"
	}
}

// fail takes note of an error and shows the error page.
func (w *Web) fail(req *pageRequest, err error) {
	w.problems.Record(req.r, err)
	e := problem.Of(req.r.Context(), err)
	seconds := problem.Seconds(e.RetryAfter)
	if seconds > 0 {
		req.w.Header().Set("Retry-After", strconv.Itoa(seconds))
	}
	w.render(req, &response{
		template: "error", status: problem.PageStatus(e.Code),
		data: failure{e.Code, withReason(e), seconds, request.InfoFrom(req.r.Context()).ID},
	})
}
