// SPDX-License-Identifier: Apache-2.0

package client

import (
	"context"
	"encoding/json"
	"time"

	"github.com/realmkeeper/realmkeeper/authserver/internal/auth"
	"github.com/realmkeeper/realmkeeper/authserver/realmconfig"
)

// workloadClaims are what a projected ServiceAccount token says.
type workloadClaims struct {
	claims
	// Kubernetes says the parts of sub once more, which has them in one text.
	Kubernetes struct {
		Namespace      string `json:"namespace"`
		ServiceAccount struct {
			Name string `json:"name"`
		} `json:"serviceaccount"`
	} `json:"kubernetes.io"`
}

// checkWorkload lets the token of a ServiceAccount be the client's assertion.
func (s *Service) checkWorkload(ctx context.Context, client realmconfig.Client, token auth.Secret) error {
	if _, err := s.CheckWorkload(ctx, client, token); err != nil {
		return err
	}
	s.Usage.mark(client.ID, "")
	return nil
}

// CheckWorkload says until when a token is good of a ServiceAccount that is the client. It
// refuses with *InvalidClient.
//
// Unlike an assertion that a client signs itself, the token may be shown again and again:
// the kubelet writes a new one into the pod's file every 48 minutes or so, and the pod has
// no other until then. It is for this realm alone and lives for an hour at most, which is
// how long a copy is good.
func (s *Service) CheckWorkload(ctx context.Context, client realmconfig.Client, token auth.Secret) (time.Time, error) {
	says, err := peek(token)
	if err != nil {
		return time.Time{}, err
	}
	foreign := &InvalidClient{Description: "the token is of no ServiceAccount that is the client, or not signed by its cluster"}
	for _, account := range client.ServiceAccounts {
		// Two clusters may have one issuer: their keys tell them apart.
		cluster, known := s.Clients().Cluster(account.Cluster)
		if !known || cluster.Issuer != says.Issuer || account.Subject() != says.Subject {
			continue
		}
		payload, err := s.Keys.Verify(ctx, cluster.PublicKeys(), token)
		if err != nil {
			foreign.Cause = err
			continue
		}
		c := workloadClaims{}
		if json.Unmarshal(payload, &c) != nil {
			return time.Time{}, refuse("the token is none of a ServiceAccount")
		}
		if err := c.check(account, cluster.Issuer, s.Settings().Issuer, s.Now()); err != nil {
			return time.Time{}, err
		}
		return c.Expires.Time, nil
	}
	return time.Time{}, foreign
}

// check holds the claims against RFC 7523, section 3, and against what Kubernetes says of
// its tokens. One that somebody else is an audience of, too, could be shown to us by them.
func (c workloadClaims) check(account realmconfig.ServiceAccount, cluster, realm string, now time.Time) error {
	switch {
	case c.Issuer != cluster || c.Subject != account.Subject():
		return refuse("the token is of no ServiceAccount that is the client")
	case c.Kubernetes.Namespace != account.Namespace || c.Kubernetes.ServiceAccount.Name != account.Name:
		return refuse("the token's kubernetes.io must say what its sub says")
	case len(c.Audience) != 1 || c.Audience[0] != realm:
		return refuse("the token's aud must be the realm's issuer, and nothing else: set audience of the projected volume to it")
	case c.Expires == nil || c.IssuedAt == nil:
		return refuse("the token must have an exp and an iat")
	case !now.Before(c.Expires.Add(clockSkew)):
		return refuse("the token has expired: read it from its file again")
	case c.Expires.Sub(c.IssuedAt.Time) > assertionLifetime:
		return refuse("the token must live for %s at most: set expirationSeconds of the projected volume to 3600", assertionLifetime)
	case c.IssuedAt.After(now.Add(clockSkew)):
		return refuse("the token's iat is yet to come")
	case c.NotBefore != nil && c.NotBefore.After(now.Add(clockSkew)):
		return refuse("the token's nbf is yet to come")
	}
	return nil
}
