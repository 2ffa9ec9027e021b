// SPDX-License-Identifier: Apache-2.0

package request

import (
	"time"

	"github.com/realmkeeper/realmkeeper/authserver/internal/auth"
)

const (
	// DevicePath is the page for somebody who lets a device in (RFC 8628, section 3.3), below
	// the issuer, and DeviceAnswerPath what a DeviceQuestion is asked and answered at.
	DevicePath       = "/device"
	DeviceAnswerPath = DevicePath + "/answer"
)

// UserCodeForm asks for the code that a device shows.
type UserCodeForm struct {
	// Code is what stands in the field, as a device shows it; it may be empty.
	Code string
	// Refused is why it is asked for again; nil at first.
	Refused error
}

// DeviceQuestion is what somebody is asked who has typed the code of a device.
type DeviceQuestion struct {
	// Application is what people call the client, ClientID its id.
	Application, ClientID string
	// Code is what the device shows.
	Code string
	// Scopes are what the application would learn and may do.
	Scopes []string
	// From is where the device was when it asked for the code, and AskedAt when that was.
	From    auth.Client
	AskedAt time.Time
	// Journey leads back to the code, as somebody else, and Question is what a form sends
	// with the answer, both sealed.
	Journey, Question string
}
