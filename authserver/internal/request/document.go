// SPDX-License-Identifier: Apache-2.0

package request

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"net/http"
	"time"
)

// ServeDocument answers with a public document in JSON, which whoever asks may keep for
// maxAge and then ask whether it is still the same (RFC 9110, section 13.1.2). Pages of
// every origin may read it.
func ServeDocument(w http.ResponseWriter, r *http.Request, document []byte, maxAge time.Duration) {
	const tagBytes = 12
	digest := sha256.Sum256(document)
	h := w.Header()
	h.Set("Content-Type", "application/json")
	h.Set("Cache-Control", fmt.Sprintf("public, max-age=%d", int64(maxAge/time.Second)))
	h.Set("ETag", `"`+base64.RawURLEncoding.EncodeToString(digest[:tagBytes])+`"`)
	h.Set("Access-Control-Allow-Origin", "*") // for verifiers in browsers too
	// ServeContent answers If-None-Match and HEAD. What it would refuse in words
	// of its own means nothing for a document this short.
	r = r.Clone(r.Context())
	r.Header.Del("Range")
	r.Header.Del("If-Match")
	http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(document))
}
