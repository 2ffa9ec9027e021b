// SPDX-License-Identifier: Apache-2.0

package dpop

import (
	"crypto"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/go-jose/go-jose/v4"

	"github.com/realmkeeper/realmkeeper/authserver/realmconfig"
)

const (
	// maxProof is in bytes: a proof of the longest key, about an address of 1000 bytes.
	maxProof = 4 << 10
	// maxRSA is in bits.
	maxRSA = 4096
	// proofType tells a proof from every other JWT (RFC 9449, section 4.2).
	proofType = "dpop+jwt"
)

// algorithms are those by which a proof may be signed: each needs a private key.
func algorithms() []jose.SignatureAlgorithm {
	return []jose.SignatureAlgorithm{jose.ES256, jose.EdDSA, jose.PS256, jose.RS256}
}

// Algorithms are those by which a proof may be signed, in order.
func Algorithms() []string {
	names := []string{}
	for _, a := range algorithms() {
		names = append(names, string(a))
	}
	return slices.Sorted(slices.Values(names))
}

// IsThumbprint reports whether a text can be that of a key: a SHA-256 in base64url.
func IsThumbprint(text string) bool {
	sum, err := base64.RawURLEncoding.Strict().DecodeString(text)
	return err == nil && len(sum) == sha256.Size && !strings.ContainsAny(text, "\r\n")
}

// claims are what a proof says (RFC 9449, section 4.2).
type claims struct {
	ID        string   `json:"jti"`
	Method    string   `json:"htm"`
	URL       string   `json:"htu"`
	IssuedAt  *float64 `json:"iat"`
	Nonce     string   `json:"nonce"`
	TokenHash string   `json:"ath"`
}

// proof is what a key has signed, which is called by its thumbprint.
type proof struct {
	claims
	key      string
	issuedAt time.Time
}

// parse reads the one header of a request that is a proof, signed with the key in it.
func parse(headers []string) (proof, error) {
	switch {
	case len(headers) == 0 || len(headers) == 1 && headers[0] == "":
		return proof{}, refuse("The request has no DPoP proof.")
	case len(headers) > 1:
		return proof{}, refuse("The request has more than one DPoP header.")
	case len(headers[0]) > maxProof:
		return proof{}, refuse("The proof is longer than 4 KiB.")
	}
	signed, err := jose.ParseSignedCompact(headers[0], algorithms())
	if err != nil || len(signed.Signatures) != 1 {
		return proof{}, refuse("The proof is no JWT that is signed by an algorithm of dpop_signing_alg_values_supported, with its public key as jwk.")
	}
	key, thumbprint, err := keyOf(headers[0], signed.Signatures[0])
	if err != nil {
		return proof{}, err
	}
	payload, err := signed.Verify(key)
	if err != nil {
		return proof{}, refuse("The proof is not signed with its jwk.")
	}
	p := proof{key: thumbprint}
	if json.Unmarshal(payload, &p.claims) != nil {
		return proof{}, refuse("The claims of the proof are none.")
	}
	return p, p.complete()
}

// keyOf is the public key in the header of a proof, and its thumbprint.
func keyOf(encoded string, signature jose.Signature) (crypto.PublicKey, string, error) {
	if typ, _ := signature.Protected.ExtraHeaders[jose.HeaderType].(string); typ != proofType {
		return nil, "", refuse("The typ of the proof must be " + proofType + ".")
	}
	jwk := signature.Protected.JSONWebKey
	if jwk == nil {
		return nil, "", refuse("The proof has no jwk.")
	}
	if rsaKey, ok := jwk.Key.(*rsa.PublicKey); ok && rsaKey.N.BitLen() > maxRSA {
		return nil, "", refuse("The jwk of the proof has more than 4096 bits.")
	}
	known, err := realmconfig.NewJWK(jwk.Key)
	if err != nil {
		return nil, "", refuse("The jwk of the proof must be of P-256, Ed25519, or RSA with 2048 bits or more.")
	}
	if hasPrivateParts(encoded) {
		return nil, "", refuse("The jwk of the proof has private parts, which nobody may send: replace the key.")
	}
	return jwk.Key, known.KID, nil
}

// hasPrivateParts looks for what a public key does not have: a library that finds a part of
// a private key alone leaves it out.
func hasPrivateParts(encoded string) bool {
	header, _, _ := strings.Cut(encoded, ".")
	document, err := base64.RawURLEncoding.DecodeString(header)
	shown := struct {
		JWK map[string]any `json:"jwk"`
	}{}
	if err != nil || json.Unmarshal(document, &shown) != nil {
		return true // or who knows what
	}
	return realmconfig.HasPrivateMembers(shown.JWK)
}

// complete refuses claims of which one is missing.
func (p *proof) complete() error {
	const endOfYear9999 = 253402300799
	switch {
	case p.ID == "":
		return refuse("The proof has no jti.")
	case p.Method == "" || p.URL == "":
		return refuse("The proof has no htm or no htu.")
	case p.IssuedAt == nil || math.IsNaN(*p.IssuedAt) || *p.IssuedAt < 0 || *p.IssuedAt > endOfYear9999:
		return refuse("The proof has no iat in seconds since 1970.")
	}
	p.issuedAt = time.Unix(int64(*p.IssuedAt), 0)
	return nil
}

// checkAim refuses a proof of another request (RFC 9449, section 4.3).
func (p proof) checkAim(r Request) error {
	if p.Method != r.Method {
		return refuse("htm is another method than that of the request.")
	}
	said, ok := targetOf(p.URL)
	if aimed, known := targetOf(r.URL); !ok || !known || said != aimed {
		return refuse("htu is another URL than that of the request.")
	}
	return nil
}

// checkTime refuses a proof that is older than old, or further ahead than ahead.
func (p proof) checkTime(now time.Time, old, ahead time.Duration) error {
	switch {
	case p.issuedAt.After(now.Add(ahead)):
		return refuse("iat is ahead of the realm's clock, which its answers tell in Date.")
	case !now.Before(p.issuedAt.Add(old + time.Second)): // which iat may have left out
		return refuse("iat is too long ago by the realm's clock, which its answers tell in Date.")
	}
	return nil
}

// name is what a proof is remembered by, among those of its key.
func (p proof) name() [sha256.Size]byte {
	return sha256.Sum256([]byte("dpop\x00" + p.key + "\x00" + p.ID))
}
