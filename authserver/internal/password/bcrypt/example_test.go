// SPDX-License-Identifier: Apache-2.0

package bcrypt_test

import (
	"crypto/rand"
	"fmt"
	"log"

	"github.com/realmkeeper/realmkeeper/authserver/internal/password/bcrypt"
)

// A new password is hashed with a salt that the caller draws.
func Example() {
	password := []byte("correct horse battery staple")
	h := bcrypt.Hash{Minor: 'b', Cost: 10}
	if _, err := rand.Read(h.Salt[:]); err != nil {
		log.Fatal(err)
	}

	batch := bcrypt.NewBatch()
	c := batch.Start(password, h.Salt, h.Cost)
	for !c.Done() {
		batch.Step()
	}
	h.Sum = c.Sum()

	fmt.Println(h.String()[:7])
	// Output: $2b$10$
}

// Passwords of several people are checked at once on one core.
func ExampleBatch() {
	const stored = "$2a$06$If6bvum7DFjUnE9p2uDeDu0YHzrHM6tf.iqN8.yx.jNN1ILEf7h0i"
	h, err := bcrypt.Parse(stored)
	if err != nil {
		log.Fatal(err)
	}

	batch := bcrypt.NewBatch()
	var lanes []*bcrypt.Computation
	for _, typed := range []string{"abc", "ABC", "abcd", ""} {
		lanes = append(lanes, batch.Start([]byte(typed), h.Salt, h.Cost))
	}
	// They began together and have the same cost, so they end together.
	for !lanes[0].Done() {
		batch.Step()
	}
	for _, c := range lanes {
		fmt.Println(h.Matches(c.Sum()))
	}
	// Output:
	// true
	// false
	// false
	// false
}

// A hash says itself at which cost it was made.
func ExampleParse() {
	h, err := bcrypt.Parse("$2y$06$DCq7YPn5Rq63x1Lad4cll.TV4S6ytwfsfvkY8jIucDrjc8deX1s.")
	fmt.Println(h.Cost, err)
	h, err = bcrypt.Parse("$2b$12$If6bvum7DFjUnE9p2uDeDu0YHzrHM6tf.iqN8.yx.jNN1ILEf7h0i")
	fmt.Println(h.Cost, err)
	// Output:
	// 0 malformed bcrypt hash
	// 12 <nil>
}
