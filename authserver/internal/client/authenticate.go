// SPDX-License-Identifier: Apache-2.0

package client

import (
	"context"
	"crypto/subtle"
	"fmt"
	"strings"

	"github.com/realmkeeper/realmkeeper/authserver/internal/auth"
	"github.com/realmkeeper/realmkeeper/authserver/realmconfig"
)

const (
	// maxSecret and maxAssertion are far beyond what a client has to show, in bytes.
	maxSecret    = 256
	maxAssertion = 16 << 10
)

// Credentials are what a request shows of the client that sends it.
type Credentials struct {
	// Method is the way in which it was shown.
	Method realmconfig.AuthMethod
	// ClientID is empty where the assertion alone says it, which the token of a
	// ServiceAccount never does.
	ClientID string
	// Secret is for ClientSecretBasic and ClientSecretPost, Assertion for
	// PrivateKeyJWT.
	Secret, Assertion auth.Secret
	// Endpoints are what an assertion may name as its audience beside the issuer:
	// the URLs of the token endpoint and of the endpoint that is asked.
	Endpoints []string
}

// InvalidClient refuses a client that has not shown who it is (invalid_client of RFC
// 6749, section 5.2).
type InvalidClient struct {
	// Description is for developers, and may be sent: error_description. It quotes
	// nothing of what was shown.
	Description string
	// Cause is for the log alone; nil for none.
	Cause error
}

func (e *InvalidClient) Error() string {
	if e.Cause != nil {
		return fmt.Sprintf("invalid_client: %s: %v", e.Description, e.Cause)
	}
	return "invalid_client: " + e.Description
}

func (e *InvalidClient) Unwrap() error { return e.Cause }

func refuse(format string, args ...any) error {
	return &InvalidClient{Description: fmt.Sprintf(format, args...)}
}

// Authenticate says which client has sent a request. It refuses with *InvalidClient,
// and with DatabaseUnavailable where it cannot know the client, or whether an assertion was
// used before. A client that is not public has been used then; see MarkUsed for others.
func (s *Service) Authenticate(ctx context.Context, shown Credentials) (realmconfig.Client, error) {
	id := shown.ClientID
	if shown.Method == realmconfig.PrivateKeyJWT {
		var err error
		if id, err = clientOf(shown); err != nil {
			return realmconfig.Client{}, err
		}
	}
	if shown.Method != realmconfig.NoAuthMethod && realmconfig.IsSelfRegisteredID(id) { // nobody need be asked for it
		return realmconfig.Client{}, refuse("the client must use %s, and has used %s", realmconfig.NoAuthMethod, shown.Method)
	}
	client, found, err := s.Find(ctx, id)
	if err != nil {
		return realmconfig.Client{}, err
	}
	if !found {
		return realmconfig.Client{}, refuse("the client is not known")
	}
	if shown.Method != client.TokenEndpointAuthMethod {
		return realmconfig.Client{}, refuse("the client must use %s, and has used %s", client.TokenEndpointAuthMethod, shown.Method)
	}
	if err := s.check(ctx, client, shown); err != nil {
		return realmconfig.Client{}, err
	}
	return client, nil
}

// clientOf is the client that an assertion is of: the one that it says, or that client_id
// says of the token of a ServiceAccount.
func clientOf(shown Credentials) (string, error) {
	named, err := subjectOf(shown.Assertion)
	switch {
	case err != nil:
		return "", err
	case strings.HasPrefix(named, realmconfig.ServiceAccountSubject):
		if shown.ClientID == "" {
			return "", refuse("the token of a ServiceAccount does not say which client it is: send client_id beside it")
		}
		return shown.ClientID, nil
	case shown.ClientID != "" && shown.ClientID != named:
		return "", refuse("the assertion is of another client than client_id")
	}
	return named, nil
}

func (s *Service) check(ctx context.Context, c realmconfig.Client, shown Credentials) error {
	switch shown.Method {
	case realmconfig.ClientSecretBasic, realmconfig.ClientSecretPost:
		return s.checkSecret(c, shown.Secret)
	case realmconfig.PrivateKeyJWT:
		if len(c.ServiceAccounts) > 0 {
			return s.checkWorkload(ctx, c, shown.Assertion)
		}
		return s.checkAssertion(ctx, c, shown)
	default:
		return nil
	}
}

// MarkUsed remembers that a public client was given something today: that it was
// named in a request shows nothing. The realm's own applications are nobody's OAuthClient,
// whose status could tell; one that has registered itself lasts longer for it.
func (s *Service) MarkUsed(ctx context.Context, c realmconfig.Client) {
	switch {
	case c.IsFirstParty():
	case c.RegisteredItself():
		s.keep(ctx, c.ID)
	default:
		s.Usage.mark(c.ID, "")
	}
}

// checkSecret looks at every secret, however early one is right.
func (s *Service) checkSecret(c realmconfig.Client, secret auth.Secret) error {
	if len(secret) > maxSecret {
		return refuse("the secret is not right")
	}
	shown, used := realmconfig.DigestSecret(string(secret)), ""
	for _, known := range c.Secrets {
		if subtle.ConstantTimeCompare(shown[:], known.SHA256[:]) == 1 {
			used = known.ID
		}
	}
	if used == "" {
		return refuse("the secret is not right")
	}
	s.Usage.mark(c.ID, used)
	return nil
}
