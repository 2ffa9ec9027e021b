// SPDX-License-Identifier: Apache-2.0

// Package userimport brings users of another system into a realm, with the
// password hashes they have there.
package userimport

import (
	"context"
	"errors"
	"io"
	"time"

	"github.com/realmkeeper/realmkeeper/authserver/internal/auth"
)

// batch is how many lines are stored together.
const batch = 1000

// Store adds users.
type Store interface {
	// ImportUsers adds those whose address is free, in one statement, and says
	// how many it added. It gives them their ids.
	ImportUsers(ctx context.Context, users []auth.User, now time.Time) (int, error)
}

// Options say what an import is made of; every field is required.
type Options struct {
	Store Store
	// Adopt is the form in which a password hash is stored; the error says what is
	// wrong with it.
	Adopt func(hash string) (string, error)
	// Refuse is told of every line that is refused, and why.
	Refuse func(line int, p auth.FieldProblem)
	Now    func() time.Time
}

// Report counts lines.
type Report struct {
	// Added users are new, Known ones had an account already and keep it as it is.
	Added, Known int
	// Refused lines are bad, and nothing of them is stored.
	Refused int
}

// Run reads users from in, one JSON object on each line, and stores them. A bad line
// is refused by itself, and the others are stored. Run may be repeated: a user who is
// there stays as they are. The error is in's, also of what is no UTF-8 at all, or the
// Store's; the Report is right up to there.
func (o Options) Run(ctx context.Context, in io.Reader) (Report, error) {
	report := Report{}
	lines := newLines(in)
	first := map[auth.AccountKey]int{} // the line that an address stood in first
	for {
		users, refused, err := o.next(lines, first)
		report.Refused += refused
		if err != nil && !errors.Is(err, io.EOF) {
			return report, err
		}
		if len(users) > 0 {
			added, err := o.Store.ImportUsers(ctx, users, o.Now())
			if err != nil {
				return report, err
			}
			report.Added += added
			report.Known += len(users) - added
		}
		if err != nil {
			return report, nil
		}
	}
}

// next reads a batch: its good lines, and how many bad ones there were. The
// error is io.EOF with the last batch.
func (o Options) next(lines *lines, first map[auth.AccountKey]int) (users []auth.User, refused int, err error) {
	for range batch {
		line, err := lines.next()
		if err != nil {
			return users, refused, err
		}
		user, problems := parse(line, o.Adopt, o.Now())
		if key := auth.KeyOf(user.Email); len(problems) == 0 {
			if first[key] == 0 {
				first[key] = lines.number
				users = append(users, user)
				continue
			}
			problems = repeated(first[key])
		}
		for _, p := range problems {
			o.Refuse(lines.number, p)
		}
		refused++
	}
	return users, refused, nil
}
