// SPDX-License-Identifier: Apache-2.0

package realmconfig

// UnverifiedEmail says what becomes of an address that nobody has proved.
type UnverifiedEmail string

const (
	// OmitUnverified leaves it out.
	OmitUnverified UnverifiedEmail = "Omit"
	// SendUnverified sends it, and that it is not proved.
	SendUnverified UnverifiedEmail = "Send"
)

// ForwardAuth says what gateways are told of whoever sends a request.
type ForwardAuth struct {
	// UnverifiedEmail is empty by default, which means Omit.
	UnverifiedEmail UnverifiedEmail `json:"unverifiedEmail,omitempty"`
}

// Disclosed is the address that an application may take for whom it is of: one that
// somebody only typed is nobody's.
func (f ForwardAuth) Disclosed(email string, verified bool) string {
	if verified || f.UnverifiedEmail == SendUnverified {
		return email
	}
	return ""
}

func (f ForwardAuth) validate(p *problems) {
	if f.UnverifiedEmail != "" {
		oneOf(p, "forwardAuth.unverifiedEmail", f.UnverifiedEmail, OmitUnverified, SendUnverified)
	}
}
