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

// batch is how many lines are stored together, or not at all.
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
	// CanVerify says what is wrong with a password hash; nil for nothing.
	CanVerify func(hash string) error
	// Refuse is told of every line that is refused, and why.
	Refuse func(line int, p auth.FieldProblem)
	Now    func() time.Time
}

// Report counts lines.
type Report struct {
	// Added users are new, Known ones had an account already and keep it as it is.
	Added, Known int
	// Refused lines are bad. LeftOut ones are good, but were not stored because
	// another line of their batch was bad.
	Refused, LeftOut int
}

// Run reads users from in, one JSON object on each line, and stores them. It
// stores a batch of lines only if all of them are good, goes on after a bad one,
// and may be repeated: a user who is there stays as they are. The error is in's
// or the Store's; the Report is right up to there.
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
		if refused > 0 {
			report.LeftOut += len(users)
		} else if len(users) > 0 {
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
		user, problems := parse(line, o.CanVerify, o.Now())
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
