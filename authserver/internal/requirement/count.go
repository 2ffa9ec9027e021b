// SPDX-License-Identifier: Apache-2.0

package requirement

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/realmkeeper/realmkeeper/authserver/internal/auth"
	"github.com/realmkeeper/realmkeeper/authserver/realmconfig"
)

const (
	// countEvery is how often people are counted, by one server of all.
	countEvery = 3 * time.Minute
	// countTime is how long a server may take that counts. Another one may begin after that.
	countTime = 20 * time.Minute
	// countedAtOnce is how many people one statement looks at: a few thousandths of a second.
	countedAtOnce = 250
	// countRest is how long the database is left to others after each, by how long it took.
	countRest = 9
)

// Concerned is whom a requirement concerns.
type Concerned struct {
	Who    realmconfig.RequiredOf
	Groups []string
	// Sources are the providers whose word on groups counts.
	Sources []auth.GroupSource
	// Passkeys is set where the realm has them: elsewhere, one that signs in by itself is
	// nothing.
	Passkeys bool
}

// concernedBy is whom the settings name. It is false where they require nothing of anybody.
func concernedBy(settings realmconfig.Config) (Concerned, bool) {
	required := settings.TwoFactor.Required
	if required == nil || required.Who == realmconfig.RequiredOfNone {
		return Concerned{}, false
	}
	return Concerned{required.Who, required.Groups, auth.GroupSources(settings), settings.Passkeys != nil}, true
}

// Batch asks for some of those whom a requirement concerns, in the order of their ids, from
// behind one on.
type Batch struct {
	Concerned
	After string
	Limit int
}

// Tally is what a Batch has come to.
type Tally struct {
	// Last is the last who was looked at; empty when there is nobody behind them.
	Last string
	// Covered are those who must meet the requirement, and Without those who do not.
	Covered, Without int
	// ByGroup are the latter by the names of their groups.
	ByGroup map[string]int
}

// Count is what the people were whom a requirement concerns when they were counted.
type Count struct {
	// Question says what was asked: with other settings it is another one.
	Question         string
	Covered, Without int
	// ByGroup has the largest groups.
	ByGroup   []realmconfig.GroupWithout
	CountedAt time.Time
}

// CountClaim asks to count, unless somebody does, or has since a time.
type CountClaim struct {
	Kind     Kind
	Question string
	// Since is how old the last Count may be, and Until how long the caller has.
	Since, Until, Now time.Time
}

// reports are those of this server, by requirement.
type reports struct {
	mu     sync.Mutex
	byKind map[string]realmconfig.RequirementReport
}

// put keeps what there is to say of a requirement; nil for nothing.
func (r *reports) put(kind Kind, one *realmconfig.RequirementReport) {
	r.mu.Lock()
	defer r.mu.Unlock()
	next := maps.Clone(r.byKind)
	if next == nil {
		next = map[string]realmconfig.RequirementReport{}
	}
	delete(next, string(kind))
	if one != nil {
		next[string(kind)] = *one
	}
	r.byKind = next
}

// Reports are what there is to say of each requirement, by its name.
func (s *Service) Reports() map[string]realmconfig.RequirementReport {
	s.reports.mu.Lock()
	defer s.reports.mu.Unlock()
	return s.reports.byKind
}

func (s *Service) put(kind Kind, one *realmconfig.RequirementReport) {
	s.reports.put(kind, one)
	s.Observer.Requirement(string(kind), one)
}

// Refresh brings Reports up to date.
func (s *Service) Refresh(ctx context.Context) error {
	return errors.Join(s.refreshFactors(ctx), s.refreshPasswords(ctx))
}

func (s *Service) refreshFactors(ctx context.Context) error {
	settings := s.Settings()
	concerned, some := concernedBy(settings)
	if !some {
		s.put(Factors, nil)
		return nil
	}
	if err := s.lookForEmptyGroups(ctx, concerned); err != nil {
		return err
	}
	return s.report(ctx, Factors, OfFactors(settings.TwoFactor.Required), concerned)
}

// Count counts people where that is due. Of any number of servers, one does.
func (s *Service) Count(ctx context.Context) error {
	return errors.Join(s.countFactors(ctx), s.countPasswords(ctx))
}

func (s *Service) countFactors(ctx context.Context) error {
	concerned, some := concernedBy(s.Settings())
	if !some {
		return nil
	}
	return s.count(ctx, Factors, concerned, Batch{Concerned: concerned, Limit: countedAtOnce}, s.Store.WithoutFactors)
}

// hashOf names a question, which is all that the answer depends on besides the people.
func hashOf(question any) (string, error) {
	text, err := json.Marshal(question)
	if err != nil {
		return "", fmt.Errorf("encode question: %w", err)
	}
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:]), nil
}

// tallying looks at some people.
type tallying func(context.Context, Batch) (Tally, error)

// count is Count for one requirement.
func (s *Service) count(ctx context.Context, kind Kind, question any, first Batch, look tallying) error {
	asked, err := hashOf(question)
	if err != nil {
		return err
	}
	now := s.Now()
	begun, err := s.Store.BeginCount(ctx, CountClaim{Kind: kind, Question: asked, Since: now.Add(-countEvery), Until: now.Add(countTime), Now: now})
	if err != nil || !begun {
		return err
	}
	counted, err := everybody(ctx, first, look)
	if err != nil { // another one may begin at once, also when this one is told to stop
		return errors.Join(err, s.Store.AbandonCount(context.WithoutCancel(ctx), kind))
	}
	counted.Question, counted.CountedAt = asked, now
	return s.Store.StoreCount(ctx, kind, counted)
}

// report reads what was counted last. Who is stopped is always asked anew: it says whether
// anybody further is.
func (s *Service) report(ctx context.Context, kind Kind, r Rollout, question any) error {
	asked, err := hashOf(question)
	if err != nil {
		return err
	}
	counted, found, err := s.Store.CountOf(ctx, kind)
	if err != nil {
		return err
	}
	blocked, err := s.Store.BlockedBy(ctx, kind, s.Now().Add(-blockedFor), r.MaxBlocked)
	switch {
	case err != nil:
		return err
	case !found || counted.Question != asked: // of other settings
		s.put(kind, nil)
		return nil
	}
	s.put(kind, &realmconfig.RequirementReport{
		Covered: counted.Covered, Without: counted.Without, Blocked: blocked, ByGroup: counted.ByGroup, CountedAt: counted.CountedAt,
		Held: r.Enforcement == realmconfig.Enforce && blocked >= r.MaxBlocked, EmptyGroups: s.emptyGroupsOf(kind),
	})
	return nil
}

// everybody looks at all whom a requirement concerns, a few at a time.
func everybody(ctx context.Context, batch Batch, look tallying) (Count, error) {
	total, byGroup := Count{}, map[string]int{}
	for {
		began := time.Now()
		tally, err := look(ctx, batch)
		if err != nil {
			return Count{}, err
		}
		total.Covered += tally.Covered
		total.Without += tally.Without
		for name, without := range tally.ByGroup {
			byGroup[name] += without
		}
		if tally.Last == "" {
			total.ByGroup = largest(byGroup)
			return total, nil
		}
		batch.After = tally.Last
		select {
		case <-ctx.Done():
			return Count{}, ctx.Err()
		case <-time.After(countRest * time.Since(began)):
		}
	}
}

// largest are the groups with the most people, as many as are told.
func largest(byGroup map[string]int) []realmconfig.GroupWithout {
	list := []realmconfig.GroupWithout{}
	for name, without := range byGroup {
		list = append(list, realmconfig.GroupWithout{Group: name, Without: without})
	}
	slices.SortFunc(list, func(a, b realmconfig.GroupWithout) int {
		return cmp.Or(cmp.Compare(b.Without, a.Without), cmp.Compare(a.Group, b.Group))
	})
	return list[:min(len(list), realmconfig.MaxGroupsReported)]
}
