// SPDX-License-Identifier: Apache-2.0

package upstream

import (
	"context"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"
)

// signedUserInfo is the media type of a UserInfo response that is a JWT (OpenID
// Connect Core 1.0, section 5.3.2).
const signedUserInfo = "application/jwt"

// withUserInfo adds what the UserInfo endpoint says, of the same person (section
// 5.3.2). The ID token's own claims win: they have been asked for with a nonce.
func (o *openID) withUserInfo(ctx context.Context, d published, issuer, accessToken string, p profile) (profile, error) {
	answer, err := o.fetch(ctx, d.UserInfo, accessToken, "application/json, "+signedUserInfo)
	if isDeclined(err) {
		return p, nil // the ID token says who it is, and may say enough
	}
	if err == nil && answer.mediaType == signedUserInfo {
		answer.body, err = o.verifyUserInfo(ctx, d, issuer, string(answer.body))
	}
	if err != nil {
		return nil, err
	}
	more := profile{}
	if err := decodeJSON(answer.body, &more); err != nil {
		return nil, err
	}
	if more.text("sub") == "" || more.text("sub") != p.text("sub") {
		return nil, fault("its profile is of another user")
	}
	for name, value := range p {
		more[name] = value
	}
	return more, nil
}

// verifyUserInfo checks a signed response and returns its claims. It must be of the
// issuer and for this client (section 5.3.2); one that says when it ends has not.
func (o *openID) verifyUserInfo(ctx context.Context, d published, issuer, token string) ([]byte, error) {
	payload, err := d.keys.verify(ctx, token, d.userInfoAlgorithms(), "profile")
	if err != nil {
		return nil, err
	}
	claims := jwt.Claims{}
	if err := decodeJSON(payload, &claims); err != nil {
		return nil, err
	}
	err = claims.Validate(jwt.Expected{Issuer: issuer, AnyAudience: jwt.Audience{o.ClientID}, Time: o.now()})
	if err != nil {
		return nil, fault("its profile is of another issuer, for another client or out of date")
	}
	return payload, nil
}

// userInfoAlgorithms are those that the provider signs UserInfo responses with, as its
// document says; without a list, those of ID tokens. What is registered there
// (userinfo_signed_response_alg) is one of them.
func (d published) userInfoAlgorithms() []jose.SignatureAlgorithm {
	if len(d.UserInfoAlgorithms) == 0 {
		return d.algorithms()
	}
	return allowed(d.UserInfoAlgorithms)
}
