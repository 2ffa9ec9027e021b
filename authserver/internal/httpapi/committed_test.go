// SPDX-License-Identifier: Apache-2.0

package httpapi

import (
	"bytes"
	"flag"
	"os"
	"testing"
)

var update = flag.Bool("update", false, "write the committed documents instead of comparing with them")

const committedDocument = "../../../docs/openapi.json"

func TestCommittedDocumentIsCurrent(t *testing.T) {
	t.Parallel()
	document, err := Document()
	if err != nil {
		t.Fatal(err)
	}
	if *update {
		if err := os.WriteFile(committedDocument, document, 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	committed, err := os.ReadFile(committedDocument)
	if err != nil || !bytes.Equal(committed, document) {
		t.Errorf("docs/openapi.json is not what the routes say (%v): run make generate", err)
	}
}
