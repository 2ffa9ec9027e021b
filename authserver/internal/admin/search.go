// SPDX-License-Identifier: Apache-2.0

package admin

import (
	"context"

	"github.com/google/uuid"

	"github.com/realmkeeper/realmkeeper/authserver/internal/auth"
)

// SearchDocument is what there is to find of a user, made of the name and address that
// they had in an edition.
type SearchDocument struct {
	UserID      string
	Edition     int64
	Name, Email string
	Text        string
}

// SearchStore keeps search documents. One is outdated from the statement on that
// changes its user until another is stored.
type SearchStore interface {
	// OutdatedDocuments reads those that have to be made, in the order of their users'
	// ids, from behind one on.
	OutdatedDocuments(ctx context.Context, after string, limit int) ([]SearchDocument, error)
	// StoreDocuments stores those whose users have not changed meanwhile.
	StoreDocuments(ctx context.Context, documents []SearchDocument) error
}

// documentsAtOnce is how many documents are made together, which takes some hundredths
// of a second.
const documentsAtOnce = 1000

// MakeSearchDocuments makes every document that is outdated. Any number may do so at
// once, and where there is nothing to do it costs a question, which an index answers.
func MakeSearchDocuments(ctx context.Context, store SearchStore) error {
	for after := uuid.Nil.String(); after != ""; {
		var err error
		if after, err = makeSomeDocuments(ctx, store, after); err != nil {
			return err
		}
	}
	return nil
}

// makeSomeDocuments goes on from behind a user, and says behind whom there are more;
// empty for none.
func makeSomeDocuments(ctx context.Context, store SearchStore, after string) (last string, err error) {
	outdated, err := store.OutdatedDocuments(ctx, after, documentsAtOnce)
	if err != nil || len(outdated) == 0 {
		return "", err
	}
	for i, d := range outdated {
		outdated[i].Text = auth.SearchDocument(d.Name, d.Email)
	}
	if len(outdated) == documentsAtOnce {
		last = outdated[documentsAtOnce-1].UserID
	}
	return last, store.StoreDocuments(ctx, outdated)
}
