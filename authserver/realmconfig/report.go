// SPDX-License-Identifier: Apache-2.0

package realmconfig

import "time"

// MaxClientProblems bounds the clients that a Report names, so that it stays small.
const MaxClientProblems = 100

// Report is what one pod says of itself at ReportPath. It holds no secrets.
type Report struct {
	// Build is the version of the server's binary, Contract the Version it reads.
	Build    string `json:"build"`
	Contract int    `json:"contract"`

	// ConfigRevision and KeysetRevision are of the snapshot in force.
	ConfigRevision string `json:"configRevision"`
	KeysetRevision string `json:"keysetRevision"`

	// CredentialsRevision is of the credentials in force; see CredentialsRevision.
	// While a new database or cache does not answer, the old one is in force, and
	// so is its part of the revision.
	CredentialsRevision string `json:"credentialsRevision"`

	// KeyIDs are the published signing keys of every family, and SigningKeyID the
	// one that signs access tokens.
	KeyIDs       []string `json:"keyIDs"`
	SigningKeyID string   `json:"signingKeyID"`

	// SigningKeyIDs are the keys that sign, by algorithm, and StoppedKeyIDs those
	// that have signed and will not again. Both are nil of a server that knows one
	// signing key and no families.
	SigningKeyIDs map[Algorithm]string `json:"signingKeyIDs"`
	StoppedKeyIDs []string             `json:"stoppedKeyIDs"`

	// TokensSigned counts, by kid, the tokens that this process has signed.
	TokensSigned map[string]int64 `json:"tokensSigned,omitempty"`

	// LongestToken is how long a token may be valid that the pod signs now, by its
	// settings, its key set and its clients, and ClientAlgorithms are those by which
	// these have their ID tokens signed, in order. A server that says neither knows no
	// clients.
	LongestToken     Duration    `json:"longestToken,omitzero"`
	ClientAlgorithms []Algorithm `json:"clientAlgorithms,omitempty"`

	// Time is the pod's clock as it answered.
	Time time.Time `json:"time"`

	// CertificateSHA256 is the fingerprint of the serving certificate in force,
	// in lower-case hex, CertificateNotAfter its end.
	CertificateSHA256   string    `json:"certificateSHA256"`
	CertificateNotAfter time.Time `json:"certificateNotAfter"`

	// HashesPerSecond is how many passwords the pod can hash in a second at the
	// realm's cost: measured at start, followed since, and zero before that.
	HashesPerSecond float64 `json:"hashesPerSecond"`

	// NodeHashesPerSecond is how many all cores of the pod's node could hash, as
	// measured at start: the most that pods there can do together. Zero is not known.
	NodeHashesPerSecond float64 `json:"nodeHashesPerSecond,omitempty"`

	// UnnamedProxies are the private addresses from which requests with
	// X-Forwarded-For have come in the last hour though network.trustedProxies does
	// not name them; a few at most.
	UnnamedProxies []string `json:"unnamedProxies,omitempty"`

	// ClientRevisions are of the clients' documents in force, by shard.
	ClientRevisions map[int]string `json:"clientRevisions,omitempty"`
	// ClientProblems say, by client id, why clients of those documents are not in
	// force as written there; MaxClientProblems at most.
	ClientProblems map[string]string `json:"clientProblems,omitempty"`
	// ClientDocumentProblems say, by shard, why the document on disk is not in force,
	// or that ClientProblems has no room for all of its clients.
	ClientDocumentProblems map[int]string `json:"clientDocumentProblems,omitempty"`
	// ClustersRevision is of the document of clusters in force, and ClustersProblem says why
	// the one on disk is not; both are empty where there is none.
	ClustersRevision string `json:"clustersRevision,omitempty"`
	ClustersProblem  string `json:"clustersProblem,omitempty"`
	// ClientUse is of the last two days on which this process saw a client, the later
	// one first.
	ClientUse []ClientUse `json:"clientUse,omitempty"`

	// Requirements count, by FactorsRequirement and PasswordsRequirement, the people whom
	// each concerns. One is absent that the realm does not have, or that nobody has counted
	// for yet.
	Requirements map[string]RequirementReport `json:"requirements,omitempty"`

	// Problem says why the documents on disk are not in force; empty when they are.
	Problem string `json:"problem,omitempty"`

	// DatabaseProblem and CacheProblem say in one line why a store does not
	// answer, or why the one that is mounted is not in force; empty when all is well.
	DatabaseProblem string `json:"databaseProblem,omitempty"`
	CacheProblem    string `json:"cacheProblem,omitempty"`
}

// NoteKeys says of a key set what its server does with it at now.
func (r *Report) NoteKeys(s Keyset, now time.Time) {
	r.KeyIDs, r.StoppedKeyIDs, r.SigningKeyIDs = kids(s.Published(now)), kids(s.Stopped(now)), map[Algorithm]string{}
	signing, _ := s.SigningKey(now)
	r.SigningKeyID = signing.KID
	for _, f := range s.Families {
		if k, signs := f.SigningKey(now); signs {
			r.SigningKeyIDs[f.Algorithm] = k.KID
		}
	}
}

// NoteTokens says what a server signs that has a snapshot and clients in force.
func (r *Report) NoteTokens(s *Snapshot, clients *ClientSet) {
	r.LongestToken, r.ClientAlgorithms = s.Config.Tokens.AccessTokenLifetime, nil
	if clients != nil {
		r.LongestToken = max(r.LongestToken, min(clients.longestToken, s.Keyset.TokenLifetime.Longest))
		r.ClientAlgorithms = clients.algorithms
	}
}

func kids(keys []Key) []string {
	ids := []string{}
	for _, k := range keys {
		ids = append(ids, k.KID)
	}
	return ids
}
