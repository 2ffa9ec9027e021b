// SPDX-License-Identifier: Apache-2.0

package realmconfig

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"hash/fnv"
	"io"
	"slices"
	"time"
)

const (
	// ClientShards is how many documents a realm's clients are in: a number that
	// never changes, since a client stays in its shard for good.
	ClientShards = 16
	// MaxClientDocument bounds one of them, in bytes: what a ConfigMap can hold, with
	// room for the rest of the object.
	MaxClientDocument = 1_000_000
)

// Clients are settings about all clients of a realm.
type Clients struct {
	// Audiences are whom clients' access tokens may be for, none by default. The
	// realm's own issuer is never one of them.
	Audiences []string `json:"audiences,omitempty"`
	// AllowPrivateNetworks lets the clients' URLs, which servers ask, point into
	// private address ranges.
	AllowPrivateNetworks bool `json:"allowPrivateNetworks,omitempty"`
	// MetadataDocuments is nil where no client is known by a document of its own, and
	// Registration where none may register itself.
	MetadataDocuments *MetadataDocuments  `json:"metadataDocuments,omitempty"`
	Registration      *ClientRegistration `json:"registration,omitempty"`
}

func (c Clients) validate(p *problems, issuer string) {
	distinct(p, "clients.audiences", c.Audiences, 1000, isAudience, "must be 1 to 255 printable ASCII characters without spaces")
	p.check(!slices.Contains(c.Audiences, issuer), "clients.audiences: must not name the issuer, at whom no client's token is good")
	if c.MetadataDocuments != nil {
		c.MetadataDocuments.validate(p)
	}
	if c.Registration != nil {
		c.Registration.validate(p)
	}
}

// ClientDocument is one shard of a realm's clients.
type ClientDocument struct {
	Version int      `json:"version"`
	Clients []Client `json:"clients"`
	// Ended are clients that are no more.
	Ended []EndedClient `json:"ended,omitempty"`
}

// EndedClient ends the grants of a client that began before a time. Nothing else
// does: a client that is missing in a document has lost no grant.
type EndedClient struct {
	ID string    `json:"id"`
	At time.Time `json:"at"`
}

// ClientShard is the number of the document that a client is in, 0 to 15.
func ClientShard(id string) int {
	h := fnv.New32a()
	_, _ = io.WriteString(h, id)
	return int(h.Sum32() % ClientShards)
}

// EncodeClients writes a shard the way LoadClients reads it, the same bytes for the
// same clients in whatever order: one line for each. The error says that it does not
// fit into MaxClientDocument.
func EncodeClients(d ClientDocument) ([]byte, error) {
	clients, ended := slices.Clone(d.Clients), slices.Clone(d.Ended)
	slices.SortFunc(clients, func(a, b Client) int { return cmp.Compare(a.ID, b.ID) })
	slices.SortFunc(ended, func(a, b EndedClient) int { return cmp.Or(cmp.Compare(a.ID, b.ID), a.At.Compare(b.At)) })
	written := bytes.NewBufferString(fmt.Sprintf("{\"version\":%d,\"clients\":[", d.Version))
	if err := errors.Join(writeLines(written, clients), writeTail(written, ended)); err != nil {
		return nil, err
	}
	if written.Len() > MaxClientDocument {
		return nil, fmt.Errorf("encode clients: %d bytes do not fit into %d", written.Len(), MaxClientDocument)
	}
	return written.Bytes(), nil
}

func writeTail(into *bytes.Buffer, ended []EndedClient) error {
	if len(ended) > 0 {
		into.WriteString("],\"ended\":[")
		if err := writeLines(into, ended); err != nil {
			return err
		}
	}
	into.WriteString("]}\n")
	return nil
}

func writeLines[T any](into *bytes.Buffer, list []T) error {
	for i, item := range list {
		line, err := json.Marshal(item)
		if err != nil {
			return fmt.Errorf("encode clients: %w", err)
		}
		if i > 0 {
			into.WriteByte(',')
		}
		into.WriteByte('\n')
		into.Write(line)
	}
	return nil
}
