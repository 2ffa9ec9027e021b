// SPDX-License-Identifier: Apache-2.0

package postgres

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"

	"github.com/jackc/pgx/v5"

	"github.com/realmkeeper/realmkeeper/authserver/internal/admin"
)

// Who was deleted while the rows of before were made has one left. Its document is
// empty.
const outdatedDocuments = `
SELECT s.user_id::text, s.edition, coalesce(u.name, ''), coalesce(u.email, '')
FROM user_search s LEFT JOIN users u ON u.id = s.user_id
WHERE s.document IS NULL AND s.user_id > @after
ORDER BY s.user_id LIMIT @limit`

// OutdatedDocuments implements admin.SearchStore.
func (s *Store) OutdatedDocuments(ctx context.Context, after string, limit int) ([]admin.SearchDocument, error) {
	ctx, end := s.bounded(ctx, "read outdated search documents")
	defer end()
	rows, err := s.pool.Search(ctx, outdatedDocuments, pgx.NamedArgs{"after": after, "limit": limit})
	if err != nil {
		return nil, classify("read outdated search documents", err)
	}
	list, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (admin.SearchDocument, error) {
		d := admin.SearchDocument{}
		return d, row.Scan(&d.UserID, &d.Edition, &d.Name, &d.Email)
	})
	return list, classify("read outdated search documents", err)
}

// Of several who do so at once, each waits for the one before it, in the same order:
// when it returns, the documents are there.
const storeDocuments = `
WITH made AS (
    SELECT * FROM jsonb_to_recordset(@documents) AS d (id uuid, edition bigint, text text)
), held AS (
    SELECT s.user_id FROM user_search s JOIN made ON made.id = s.user_id
    WHERE s.document IS NULL AND s.edition = made.edition
    ORDER BY s.user_id FOR UPDATE OF s
)
UPDATE user_search s SET document = made.text
FROM held JOIN made ON made.id = held.user_id WHERE s.user_id = held.user_id`

// StoreDocuments implements admin.SearchStore.
func (s *Store) StoreDocuments(ctx context.Context, documents []admin.SearchDocument) error {
	type row struct {
		ID      string `json:"id"`
		Edition int64  `json:"edition"`
		Text    string `json:"text"`
	}
	rows := make([]row, 0, len(documents))
	for _, d := range documents {
		rows = append(rows, row{d.UserID, d.Edition, d.Text})
	}
	encoded, err := json.Marshal(rows)
	if err != nil {
		return fmt.Errorf("encode search documents: %w", err)
	}
	ctx, end := s.bounded(ctx, "store search documents")
	defer end()
	stored, err := s.pool.Search(ctx, storeDocuments, pgx.NamedArgs{"documents": string(encoded)})
	stored.Close()
	return classify("store search documents", cmp.Or(err, stored.Err()))
}
