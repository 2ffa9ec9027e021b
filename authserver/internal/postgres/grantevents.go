// SPDX-License-Identifier: Apache-2.0

package postgres

import (
	"github.com/jackc/pgx/v5"

	"github.com/realmkeeper/realmkeeper/authserver/internal/auth"
)

// withEvent goes after a WITH query called cause that returns the id of the user whom a
// statement has found, as user_id: an event about somebody who is not known before. They
// have acted themselves, or nobody known has. Its arguments are those of eventArgs.
const withEvent = `
, told AS (
    INSERT INTO audit_events (id, at, action, outcome, actor_id, target_id, address, user_agent, detail)
    SELECT @told_id, @told_at, @told_action, @told_outcome, CASE WHEN @told_acts THEN user_id END, user_id, @told_address, @told_agent, @told_detail
    FROM cause
)`

// eventArgs adds the arguments of withEvent to args.
func eventArgs(told auth.Event, acts bool, args pgx.NamedArgs) pgx.NamedArgs {
	args["told_id"], args["told_at"], args["told_action"], args["told_outcome"] = told.ID, told.At, told.Action, told.Outcome
	args["told_acts"], args["told_address"], args["told_agent"], args["told_detail"] = acts, told.Address, shortAgent(told.UserAgent), told.Detail
	return args
}
