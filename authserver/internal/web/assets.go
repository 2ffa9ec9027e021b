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
		digest := sha256.Sum256(content)
		loaded[e.Name()] = asset{hex.EncodeToString(digest[:6]), content}
	}
	return loaded, nil
}

// url is where a file of this build is served.
func (a assets) url(name string) (string, error) {
	file, found := a[name]
	if !found {
		return "", fmt.Errorf("there is no asset %s", name)
	}
	return assetsPath + file.revision + "/" + name, nil
}

// serve answers for other revisions too: during a rollout, a page of one release
// may ask a pod of another.
func (a assets) serve(w http.ResponseWriter, r *http.Request) {
	file, found := a[r.PathValue("name")]
	if !found {
		http.NotFound(w, r)
		return
	}
	caching := "public, max-age=31536000, immutable"
	if file.revision != r.PathValue("revision") {
		caching = "no-store"
	}
	w.Header().Set("Cache-Control", caching)
	http.ServeContent(w, r, r.PathValue("name"), time.Time{}, bytes.NewReader(file.content))
}
