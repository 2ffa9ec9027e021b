// SPDX-License-Identifier: Apache-2.0

// Package growth measures the database of a realm with millions of users (`make
// growth`), and holds every statement of the Store against a smaller one (`make test`).
//
// Tables are filled by statements that make all rows at once (rows_test.go), every
// method of the Store is called (exercises_test.go and its neighbours), and PostgreSQL
// itself tells of each statement how it was run: auto_explain writes the plan that was
// executed, with its figures, into the server's log (statements_test.go). So a
// statement is explained as it ran, with its arguments, in its method's order, with
// what triggers and foreign keys have added; and none can be left out, which the tests
// compare with the Store's methods and with the texts in its files.
package growth
