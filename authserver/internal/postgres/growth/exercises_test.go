// SPDX-License-Identifier: Apache-2.0

package growth

import (
	"context"
	"slices"
)

// exercise calls a method of the Store for its statements. What it needs in place it
// looks up or makes by itself, on another connection; each time with other rows.
type exercise struct {
	// method is of the Store, what tells apart several calls of one method.
	method, what string
	run          func(ctx context.Context, w *world) error
}

func (e exercise) name() string {
	if e.what == "" {
		return e.method
	}
	return e.method + ", " + e.what
}

// withoutStatement are methods that have none for the database of a realm, and why.
func withoutStatement() map[string]string {
	return map[string]string{
		"Move":        "opens connections to another database",
		"Look":        "opens a connection and closes it",
		"Failing":     "is a bell of this process",
		"Enqueued":    "is a bell of this process",
		"Close":       "closes connections",
		"Connections": "counts connections of this process",
	}
}

// exercises is all of them. Those that change much for the rest come last.
func exercises() []exercise {
	return slices.Concat(
		signInExercises(), sessionExercises(), grantExercises(), deviceExercises(), personalTokenExercises(), serviceAccountExercises(), consentExercises(), registeredExercises(), logoutExercises(), accountExercises(), secondFactorExercises(), passkeyExercises(), requirementExercises(), recoveryExercises(), weakPasswordExercises(),
		federationExercises(),
		administrationExercises(), groupExercises(), directoryExercises(), maintenanceExercises(), pruneExercises(),
	)
}

// done wants nothing but no error of a method.
func done[T any](_ T, err error) error { return err }
