// SPDX-License-Identifier: Apache-2.0

package mail

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/textproto"

	gomail "github.com/wneessen/go-mail"

	"github.com/realmkeeper/realmkeeper/authserver/internal/notify"
	"github.com/realmkeeper/realmkeeper/internal/outbound"
)

// undelivered says what went wrong in our own words, because servers quote
// addresses in theirs. A refusal is permanent when it is about this recipient or
// this mail: what is wrong with the connection, the credentials or the sender is
// wrong with every mail, and somebody will put it right.
func undelivered(ctx context.Context, err error) *notify.DeliveryError {
	var refused *gomail.SendError
	var reply *textproto.Error
	var untrusted *tls.CertificateVerificationError
	var network net.Error
	switch {
	case errors.As(err, &refused) && refused.ErrorCode() != 0:
		return &notify.DeliveryError{
			Reason:    fmt.Sprintf("the mail server refused the %s with %s", part(refused.Reason), status(refused)),
			Permanent: aboutThisMail(refused.Reason) && final(refused.ErrorCode()),
		}
	case errors.As(err, &reply):
		return &notify.DeliveryError{Reason: fmt.Sprintf("the mail server refused the session with %d", reply.Code)}
	case errors.As(err, &untrusted):
		return &notify.DeliveryError{Reason: "the mail server's certificate is not trusted"}
	case ctx.Err() != nil, errors.As(err, &network) && network.Timeout():
		return &notify.DeliveryError{Reason: "the mail server did not answer in time"}
	case errors.Is(err, outbound.ErrForbiddenAddress):
		return &notify.DeliveryError{Reason: "the mail server's address is not public, and allowPrivateNetworks is not set"}
	case errors.As(err, &network):
		return &notify.DeliveryError{Reason: "the mail server cannot be reached"}
	default:
		return &notify.DeliveryError{Reason: "the session with the mail server failed"}
	}
}

func part(r gomail.SendErrReason) string {
	switch r {
	case gomail.ErrSMTPMailFrom:
		return "sender"
	case gomail.ErrSMTPRcptTo:
		return "recipient"
	default:
		return "mail"
	}
}

func aboutThisMail(r gomail.SendErrReason) bool {
	switch r {
	case gomail.ErrSMTPRcptTo, gomail.ErrSMTPData, gomail.ErrWriteContent, gomail.ErrSMTPDataClose:
		return true
	default:
		return false
	}
}

// final tells refusals for good from those of a session that should have been
// encrypted or authenticated (RFC 4954, section 6).
func final(code int) bool {
	return code >= 500 && code != 530 && code != 534 && code != 535 && code != 538
}

// status is the reply's code and, where there is one, the enhanced code (RFC 3463).
func status(e *gomail.SendError) string {
	if enhanced := e.EnhancedStatusCode(); enhanced != "" {
		return fmt.Sprintf("%d %s", e.ErrorCode(), enhanced)
	}
	return fmt.Sprint(e.ErrorCode())
}
