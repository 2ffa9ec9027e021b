// SPDX-License-Identifier: Apache-2.0

// Package examples proves the claims of realms and clients by the examples that stand beside
// them: as long as one does not hold, pods are told of none of the claims.
package examples

import (
	"cmp"
	"sync"

	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/realmkeeper/realmkeeper/api/v1alpha1"
	"github.com/realmkeeper/realmkeeper/authserver/realmconfig"
	"github.com/realmkeeper/realmkeeper/controllers/internal/conditions"
	"github.com/realmkeeper/realmkeeper/controllers/internal/render"
	"github.com/realmkeeper/realmkeeper/internal/claims"
)

// Prover proves claims, and remembers what came of it: a realm's clients are gone through
// whenever one of them changes. Its zero value is ready.
type Prover struct {
	mu       sync.Mutex
	language *claims.Language
	proved   map[generation]*conditions.Failure
}

// generation is one spec of an object.
type generation struct {
	uid types.UID
	at  int64
}

// remembered bounds how many specs are remembered.
const remembered = 20_000

// Realm says what is wrong with the claims of a realm, nil for nothing.
func (p *Prover) Realm(realm *v1alpha1.AuthRealm) *conditions.Failure {
	return p.prove(realm, realm.Spec.Claims, realm.Spec.Examples, claims.Client{})
}

// Client says what is wrong with the claims of a client, nil for nothing.
func (p *Prover) Client(c *v1alpha1.OAuthClient) *conditions.Failure {
	return p.prove(c, c.Spec.Claims, c.Spec.Examples, claims.Client{ID: render.ClientID(c), Name: cmp.Or(c.Spec.DisplayName, c.Name)})
}

func (p *Prover) prove(o client.Object, list []v1alpha1.Claim, examples []v1alpha1.ClaimExample, asks claims.Client) *conditions.Failure {
	if len(list) == 0 {
		return nil
	}
	key := generation{o.GetUID(), o.GetGeneration()}
	if failure, known := p.recall(key); known {
		return failure
	}
	failure := p.judge(render.Claims(list), examples, asks)
	p.remember(key, failure)
	return failure
}

func (p *Prover) recall(key generation) (*conditions.Failure, bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	failure, known := p.proved[key]
	return failure, known && key.uid != ""
}

func (p *Prover) remember(key generation, failure *conditions.Failure) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.proved == nil || len(p.proved) >= remembered {
		p.proved = map[generation]*conditions.Failure{}
	}
	p.proved[key] = failure
}

// inUse is the language, which is made once.
func (p *Prover) inUse() (*claims.Language, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.language != nil {
		return p.language, nil
	}
	language, err := claims.New()
	p.language = language
	return language, err
}

// judge takes long for claims that somebody has written for that: others wait for none of it.
func (p *Prover) judge(list []realmconfig.Claim, examples []v1alpha1.ClaimExample, asks claims.Client) *conditions.Failure {
	language, err := p.inUse()
	if err != nil {
		return conditions.NewFailure(v1alpha1.ReasonFailed, "%s", conditions.StableMessage(err))
	}
	set, err := language.Compile(list)
	if err != nil {
		return conditions.NewFailure(v1alpha1.ReasonInvalidExpression, "%s", message(err))
	}
	all, err := render.ClaimExamples(examples, asks)
	if err == nil {
		err = set.Prove(all)
	}
	if err != nil {
		return conditions.NewFailure(v1alpha1.ReasonExampleFailed, "%s", message(err))
	}
	return nil
}

// message is what users read, which quotes what they have written.
func message(err error) string { return conditions.Truncate(conditions.OneLine(err)) }
