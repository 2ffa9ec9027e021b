// SPDX-License-Identifier: Apache-2.0

package postgres

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"

	"github.com/realmkeeper/realmkeeper/authserver/internal/auth"
)

// sealedColumn is a column of sealed values that outlive a key. It needs an
// index, for which bytes compare from the first on.
type sealedColumn struct {
	table, column string
	// purpose and owner are what a value was sealed for, as SQL over the row.
	purpose, owner string
}

func (c sealedColumn) name() string { return c.table + "." + c.column }

// sealedColumns is all of them: whoever adds one is done.
func sealedColumns() []sealedColumn {
	return []sealedColumn{
		{table: "second_factors", column: "sealed", purpose: "method", owner: "user_id::text"},
	}
}

// otherKeys are the values that do not begin with @primary, in their order: those before
// the first that does and those from the first that no more does. Each is a part of the
// index, which one condition for both would have read as a whole.
func (c sealedColumn) otherKeys() [2]string {
	return [2]string{c.column + ` < @primary`, c.column + ` >= @beyond`}
}

// beyond is the least value that is greater than all that begin with prefix,
// which must not be 0xff alone.
func beyond(prefix []byte) []byte {
	b := slices.Clone(prefix)
	for len(b) > 0 && b[len(b)-1] == 0xff {
		b = b[:len(b)-1]
	}
	b[len(b)-1]++
	return b
}

// SealedWithOtherKeys implements sealing.Values: column after column, each in the
// order of its values.
func (s *Store) SealedWithOtherKeys(ctx context.Context, primary []byte, after auth.SealedValue, limit int) ([]auth.SealedValue, error) {
	values := []auth.SealedValue{}
	columns := sealedColumns()
	first := max(0, slices.IndexFunc(columns, func(c sealedColumn) bool { return c.name() == after.Column }))
	for _, c := range columns[first:] {
		found, err := s.withOtherKeysIn(ctx, c, primary, after.Sealed, limit-len(values))
		if err != nil {
			return nil, err
		}
		values = append(values, found...)
		if len(values) == limit {
			break
		}
		after.Sealed = nil // the next column from its beginning
	}
	return values, nil
}

func (s *Store) withOtherKeysIn(ctx context.Context, c sealedColumn, primary, after []byte, limit int) ([]auth.SealedValue, error) {
	ctx, end := s.bounded(ctx, "read sealed values")
	defer end()
	parts := []string{}
	for _, condition := range c.otherKeys() {
		parts = append(parts, fmt.Sprintf(`(SELECT %s, %s, %s FROM %s WHERE %s AND %[3]s > @after ORDER BY %[3]s LIMIT @limit)`,
			c.purpose, c.owner, c.column, c.table, condition))
	}
	statement := strings.Join(parts, ` UNION ALL `) + ` ORDER BY 3 LIMIT @limit`
	rows, err := s.pool.Query(ctx, statement, pgx.NamedArgs{
		"primary": primary, "beyond": beyond(primary), "after": append([]byte{}, after...), "limit": limit,
	})
	if err != nil {
		return nil, classify("read sealed values", err)
	}
	values, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (auth.SealedValue, error) {
		v := auth.SealedValue{Column: c.name()}
		err := row.Scan(&v.Purpose, &v.Owner, &v.Sealed)
		return v, err
	})
	return values, classify("read sealed values", err)
}

// Reseal implements sealing.Values. No two sealed values are alike, so the
// old one tells the row, and that it is unchanged.
func (s *Store) Reseal(ctx context.Context, old auth.SealedValue, sealed []byte) error {
	columns := sealedColumns()
	i := slices.IndexFunc(columns, func(c sealedColumn) bool { return c.name() == old.Column })
	if i < 0 {
		return fmt.Errorf("seal again: no column %s", old.Column)
	}
	statement := fmt.Sprintf(`UPDATE %s SET %s = @sealed WHERE %[2]s = @old`, columns[i].table, columns[i].column)
	return s.exec(ctx, "seal again", statement, pgx.NamedArgs{"old": old.Sealed, "sealed": sealed})
}

// CountSealedWithOtherKeys implements sealing.Values.
func (s *Store) CountSealedWithOtherKeys(ctx context.Context, primary []byte) (int, error) {
	ctx, end := s.bounded(ctx, "count sealed values")
	defer end()
	total := 0
	for _, c := range sealedColumns() {
		count, other := 0, c.otherKeys()
		err := s.pool.QueryRow(ctx, fmt.Sprintf(`
			SELECT (SELECT count(*) FROM %[1]s WHERE %[2]s) + (SELECT count(*) FROM %[1]s WHERE %[3]s)`, c.table, other[0], other[1]),
			pgx.NamedArgs{"primary": primary, "beyond": beyond(primary)}).Scan(&count)
		if err != nil {
			return 0, classify("count sealed values", err)
		}
		total += count
	}
	return total, nil
}
