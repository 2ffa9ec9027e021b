// SPDX-License-Identifier: Apache-2.0

package upstream

import (
	"context"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/realmkeeper/realmkeeper/authserver/internal/registrar"
	"github.com/realmkeeper/realmkeeper/authserver/realmconfig"
)

// ClientDocuments read what clients publish of themselves. They implement
// registrar.Documents.
type ClientDocuments struct {
	// settings say whether the addresses may be private ones.
	settings        func() realmconfig.Config
	public, private *http.Client
}

// NewClientDocuments asks with a client for addresses that strangers name, which may be private
// ones or not; it must follow no redirects and keep to Timeout and registrar.MaxDocument.
func NewClientDocuments(settings func() realmconfig.Config, client func(allowPrivate bool) *http.Client) *ClientDocuments {
	return &ClientDocuments{settings, client(false), client(true)}
}

// Read implements registrar.Documents.
func (d *ClientDocuments) Read(ctx context.Context, address string) ([]byte, time.Duration, error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return nil, 0, fault("its address is not a URL")
	}
	r.Header.Set("Accept", "application/json")
	r.Header.Set("User-Agent", "realmkeeper")
	client := d.public
	if d.settings().Clients.AllowPrivateNetworks {
		client = d.private
	}
	response, err := client.Do(r)
	if err != nil {
		return nil, 0, unanswered(reason(err))
	}
	defer func() { _ = response.Body.Close() }()
	body, err := io.ReadAll(response.Body)
	switch {
	case response.StatusCode >= http.StatusInternalServerError, response.StatusCode == http.StatusTooManyRequests:
		return nil, 0, unanswered(faultf("answered %d", response.StatusCode))
	case response.StatusCode != http.StatusOK:
		return nil, 0, faultf("answered %d", response.StatusCode)
	case err != nil:
		return nil, 0, fault("its answer breaks off, comes too slowly or is too large")
	case !isJSON(response.Header.Get("Content-Type")):
		return nil, 0, fault("its answer is not JSON")
	}
	return body, keptFor(response.Header), nil
}

func unanswered(why error) error { return fmt.Errorf("%w: %w", registrar.ErrUnanswered, why) }

// isJSON takes application/json, and other types that are (RFC 6839, section 3.1).
func isJSON(contentType string) bool {
	media, _, err := mime.ParseMediaType(contentType)
	return err == nil && (media == "application/json" || strings.HasPrefix(media, "application/") && strings.HasSuffix(media, "+json"))
}

// keptFor is for how long an answer is fresh by its Cache-Control (RFC 9111, section 5.2.2):
// zero where it does not say, or is not to be used again without asking.
func keptFor(h http.Header) time.Duration {
	keep := time.Duration(0)
	for _, directive := range strings.Split(strings.Join(h.Values("Cache-Control"), ","), ",") {
		name, value, _ := strings.Cut(strings.ToLower(strings.TrimSpace(directive)), "=")
		switch name {
		case "no-store", "no-cache":
			return 0
		case "max-age":
			keep = secondsOf(strings.Trim(value, `"`))
		}
	}
	return max(0, keep-secondsOf(h.Get("Age")))
}

// secondsOf is a number of seconds (RFC 9111, section 1.2.2): one that is none is zero, and one
// beyond all is a year.
func secondsOf(text string) time.Duration {
	const most = 365 * 24 * 60 * 60
	if text == "" || strings.Trim(text, "0123456789") != "" {
		return 0
	}
	seconds, err := strconv.ParseUint(text, 10, 64)
	if errors.Is(err, strconv.ErrRange) {
		seconds = most
	}
	return time.Duration(min(seconds, most)) * time.Second
}
