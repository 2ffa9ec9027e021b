// SPDX-License-Identifier: Apache-2.0

package postgres

import (
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"

	"github.com/realmkeeper/realmkeeper/authserver/internal/admin"
	"github.com/realmkeeper/realmkeeper/authserver/internal/auth"
)

// The conditions of the partial indexes of audit_events, word for word: a parameter
// would not show PostgreSQL that they hold.
const (
	ofSucceeded = `outcome = 'succeeded'`
	ofRefused   = `outcome <> 'succeeded'`
	ofOthers    = `actor_id IS DISTINCT FROM target_id` // not of those who act upon themselves
)

// eventSearch is the statement for a page of the trail. Each of its branches has one
// index that holds its events, and no others, in their order. A page of all events, or
// of those that succeeded, is read from the newest partition on; any other has a look at
// each.
func eventSearch(q admin.EventQuery) (string, pgx.NamedArgs) {
	args := pgx.NamedArgs{"limit": q.Limit}
	where := spanOfTime(q, args)
	branches := people(q, outcomes(q, where, args), args)
	order := `at DESC NULLS LAST` // which no index has that is of time alone
	if nobody(q) && q.Action == "" && (q.Outcome == "" || q.Outcome == auth.Succeeded) {
		order = `at DESC`
	}
	selects := []string{}
	for _, branch := range branches {
		// Ties, of an import, say, are put in order below: the indexes need not hold it.
		selects = append(selects, `(SELECT * FROM audit_events`+branch.String()+` ORDER BY `+order+` FETCH FIRST @limit ROWS WITH TIES)`)
	}
	return `SELECT ` + eventColumns + ` FROM (` + strings.Join(selects, ` UNION `) + `) AS found ORDER BY at DESC, id DESC LIMIT @limit`, args
}

// spanOfTime says beside the place of a page, which is a pair, the time that keeps
// PostgreSQL out of newer partitions.
func spanOfTime(q admin.EventQuery, args pgx.NamedArgs) (where conditions) {
	if q.From != nil {
		where.add(`at >= @from`)
		args["from"] = *q.From
	}
	if q.To != nil {
		where.add(`at < @to`)
		args["to"] = *q.To
	}
	if q.Before != nil {
		where.add(`at <= @before AND (at, id) < (@before, @before_id)`)
		args["before"], args["before_id"] = q.Before.At, q.Before.ID
	}
	return where
}

// outcomes are the branches by action and outcome.
func outcomes(q admin.EventQuery, where conditions, args pgx.NamedArgs) []conditions {
	if q.Action != "" {
		where.add(`action = @action`)
		args["action"] = string(q.Action)
	}
	switch {
	case q.Outcome == auth.Succeeded:
		where.add(ofSucceeded)
	case q.Outcome != "":
		where.add(`outcome = @outcome AND ` + ofRefused)
		args["outcome"] = q.Outcome
	case q.Action != "" && nobody(q):
		return []conditions{where.and(ofSucceeded), where.and(ofRefused)}
	}
	return []conditions{where}
}

func nobody(q admin.EventQuery) bool {
	return q.ActorID == "" && q.TargetID == "" && q.Account == nil && q.About == nil
}

// people are the branches, divided further by who had which part.
func people(q admin.EventQuery, branches []conditions, args pgx.NamedArgs) []conditions {
	if q.Account != nil {
		branches = each(branches, `account_key = @account`)
		args["account"] = q.Account[:]
	}
	if q.TargetID != "" {
		branches = each(branches, `target_id = @target`)
		args["target"] = q.TargetID
	}
	if q.ActorID != "" {
		args["actor"] = q.ActorID
		switch q.TargetID {
		case "":
			branches = each(branches, `target_id = @actor AND actor_id = @actor`, `actor_id = @actor AND `+ofOthers)
		case q.ActorID:
			branches = each(branches, `actor_id = @actor`)
		default:
			branches = each(branches, `actor_id = @actor AND `+ofOthers)
		}
	}
	if q.About != nil {
		parts := []string{`account_key = @about`}
		args["about"] = q.About.Account[:]
		if q.About.UserID != "" {
			parts = append(parts, `target_id = @user`, `actor_id = @user AND `+ofOthers)
			args["user"] = q.About.UserID
		}
		branches = each(branches, parts...)
	}
	return branches
}

// each is every branch with every one of parts.
func each(branches []conditions, parts ...string) (divided []conditions) {
	for _, branch := range branches {
		for _, part := range parts {
			divided = append(divided, branch.and(part))
		}
	}
	return divided
}

// and is c with one more, which leaves c as it is.
func (c conditions) and(condition string) conditions { return append(slices.Clone(c), condition) }
