// SPDX-License-Identifier: Apache-2.0

package realmconfig

import "time"

// PasswordEngine is the program that computes bcrypt hashes.
type PasswordEngine string

const (
	// InterleavedEngine computes up to four at once on a core.
	InterleavedEngine PasswordEngine = "Interleaved"
	// StandardEngine computes one after another, with golang.org/x/crypto/bcrypt.
	StandardEngine PasswordEngine = "Standard"
)

// Passwords says which passwords are taken and how they are stored.
type Passwords struct {
	// BcryptCost is the base-2 logarithm of the iteration count: 10 to 16, 12 by
	// default.
	BcryptCost int `json:"bcryptCost"`
	// Engine makes and checks the hashes, and each reads those of the other. It is
	// empty by default, which means Interleaved.
	Engine PasswordEngine `json:"engine,omitempty"`
	// MinLength is how many characters a new password must have: 8 to 64, 8 by
	// default.
	MinLength int `json:"minLength"`
	// AllowCommon takes passwords that stand in the list of common and breached
	// ones; they are refused by default.
	AllowCommon bool `json:"allowCommon,omitempty"`
	// ResetTokenLifetime is how long the link of a reset mail works: 1m to 24h, 1h
	// by default.
	ResetTokenLifetime Duration `json:"resetTokenLifetime"`
	// Existing is nil where nobody asks about passwords that the rules of today would not
	// take.
	Existing *ExistingPasswords `json:"existing,omitempty"`
}

func (c Passwords) validate(p *problems) {
	p.number("passwords.bcryptCost", c.BcryptCost, 10, 16)
	if c.Engine != "" {
		oneOf(p, "passwords.engine", c.Engine, InterleavedEngine, StandardEngine)
	}
	p.number("passwords.minLength", c.MinLength, 8, 64)
	p.duration("passwords.resetTokenLifetime", c.ResetTokenLifetime, time.Minute, 24*time.Hour)
	if c.Existing != nil {
		c.Existing.validate(p)
	}
}
