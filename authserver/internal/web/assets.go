// SPDX-License-Identifier: Apache-2.0

package web

import (
	"bytes"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"fmt"
	"net/http"
	"path"
	"strings"
	"time"
)

//go:embed assets
var assetFiles embed.FS

const assetsPath = "/assets/"

// assets are files by name. Their addresses carry a revision of their contents,
// so that browsers may keep them for ever.
type assets map[string]asset

type asset struct {
	revision string
	content  []byte
}

func newAsset(content []byte) asset {
	digest := sha256.Sum256(content)
	return asset{hex.EncodeToString(digest[:6]), content}
}

// address is where a file is served that is called name.
func (a asset) address(name string) string { return assetsPath + a.revision + "/" + name }

func loadAssets() (assets, error) {
	entries, err := assetFiles.ReadDir("assets")
	if err != nil {
		return nil, fmt.Errorf("read assets: %w", err)
	}
	loaded := assets{}
	for _, e := range entries {
		content, err := assetFiles.ReadFile(path.Join("assets", e.Name()))
		if err != nil {
			return nil, fmt.Errorf("read assets: %w", err)
		}
		loaded[e.Name()] = newAsset(content)
	}
	return loaded, nil
}

// url is where a file of this build is served.
func (a assets) url(name string) (string, error) {
	file, found := a[name]
	if !found {
		return "", fmt.Errorf("there is no asset %s", name)
	}
	return file.address(name), nil
}

// mediaType is of a file by the end of its name; hosts differ in what they know.
func mediaType(name string) string {
	return map[string]string{
		".css": "text/css; charset=utf-8", ".js": "text/javascript; charset=utf-8", ".ts": "application/typescript; charset=utf-8",
		".svg": "image/svg+xml", ".png": "image/png",
	}[path.Ext(name)]
}

const (
	cacheForever = "public, max-age=31536000, immutable"
	// cacheShortly is for an address that stays when the contents change.
	cacheShortly = "public, max-age=300"
)

// serveAsset answers for other revisions too: during a rollout, a page of one
// release may ask a pod of another.
func (w *Web) serveAsset(rw http.ResponseWriter, r *http.Request) {
	name := r.PathValue("name")
	file, found := w.assets[name]
	if !found {
		file, found = w.currentAppearance().files[name]
	}
	if !found {
		http.NotFound(rw, r)
		return
	}
	caching := cacheForever
	if file.revision != r.PathValue("revision") {
		caching = "no-store"
	}
	rw.Header().Set("Cache-Control", caching)
	file.serve(rw, r, name)
}

// serveShared is for the files that pages of other origins load. Their address
// stays from release to release, and tells the one of these contents.
func (w *Web) serveShared(rw http.ResponseWriter, r *http.Request) {
	name := r.PathValue("name")
	file, found := w.assets[name]
	if !found || !shared(name) {
		http.NotFound(rw, r)
		return
	}
	rw.Header().Set("Cache-Control", cacheShortly)
	rw.Header().Set("Content-Location", file.address(name))
	file.serve(rw, r, name)
}

// shared reports whether a file is the client for applications, or its types.
func shared(name string) bool { return strings.HasPrefix(name, "realmkeeper.") }

func (a asset) serve(rw http.ResponseWriter, r *http.Request, name string) {
	h := rw.Header()
	h.Set("Cross-Origin-Resource-Policy", "cross-origin") // pages of ours are shown elsewhere, and it knows nothing of anybody
	if shared(name) {
		h.Set("Access-Control-Allow-Origin", "*") // anybody may have it
	}
	h.Set("Content-Type", mediaType(name))
	h.Set("ETag", `"`+a.revision+`"`)
	if path.Ext(name) == ".svg" || path.Ext(name) == ".png" {
		sandbox(h)
	}
	http.ServeContent(rw, r, name, time.Time{}, bytes.NewReader(a.content))
}
