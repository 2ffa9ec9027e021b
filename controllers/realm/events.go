// SPDX-License-Identifier: Apache-2.0

package realm

import (
	"fmt"
	"slices"
	"strings"

	"github.com/realmkeeper/realmkeeper/api/v1alpha1"
)

// Reasons of events. Each surfaces once per thing that happened, never per pass.
const (
	eventKeyCreated        = "SigningKeyCreated"
	eventKeyActivated      = "SigningKeyActivated"
	eventKeyRetired        = "SigningKeyRetired"
	eventKeyRemoved        = "SigningKeyRemoved"
	eventKeyRevoked        = "SigningKeyRevoked"
	eventCertificateIssued = "CertificateIssued"
	eventAuthorityRenewed  = "AuthorityRenewed"
	eventPasswordRotating  = "PasswordRotating"
	eventPasswordRotated   = "PasswordRotated"
	eventSecretRemade      = "SecretRemade"
	eventStoreEncrypted    = "StoreEncrypted"
	eventStandsBack        = "StandsBack"
	eventRequirementHeld   = "RequirementHeld"
	eventRequirementGoesOn = "RequirementGoesOn"
)

// Actions of events: what the operator was doing.
const (
	actionGenerate = "Generate"
	actionIssue    = "Issue"
	actionRotate   = "Rotate"
)

// announceKeys tells what became of the signing keys since they were last
// reported. Reports alone are compared: whoever dies between an act and its
// report leaves both to the next pass. Events of one reason in one pass would
// count as one, with the words of the first: each tells of all keys.
func (r *reconciler) announceKeys(realm *v1alpha1.AuthRealm, before []v1alpha1.SigningKeyStatus, st state) {
	said := map[string][]string{}
	say := func(reason, format string, args ...any) {
		said[reason] = append(said[reason], fmt.Sprintf(format, args...))
	}
	earlier, gone := map[string]v1alpha1.SigningKeyState{}, map[string]v1alpha1.SigningKeyStatus{}
	for _, k := range before {
		earlier[k.KID], gone[k.KID] = k.State, k
	}
	for _, k := range realm.Status.SigningKeys {
		was, known := earlier[k.KID]
		delete(gone, k.KID)
		if !known {
			say(eventKeyCreated, "Signing key %s (%s) was made and is published", k.KID, k.Algorithm)
		}
		switch {
		case k.State == v1alpha1.ActiveKey && known && was != k.State:
			say(eventKeyActivated, "Signing key %s (%s) signs now", k.KID, k.Algorithm)
		case k.State == v1alpha1.RetiringKey && was != k.State:
			say(eventKeyRetired, "Signing key %s signs no longer and is published until its last token has expired", k.KID)
		}
	}
	for _, k := range before {
		if _, left := gone[k.KID]; !left {
			continue
		}
		if keys := realm.Spec.SigningKeys; keys != nil && slices.Contains(keys.Revoked, k.KID) {
			say(eventKeyRevoked, "Signing key %s (%s) was revoked%s", k.KID, k.State, st.signedWith(k.KID))
			continue
		}
		say(eventKeyRemoved, "Signing key %s is gone", k.KID)
	}
	for _, reason := range []string{eventKeyCreated, eventKeyActivated, eventKeyRetired, eventKeyRemoved} {
		if len(said[reason]) > 0 {
			r.events.Normal(realm, reason, actionRotate, "%s", strings.Join(said[reason], "; "))
		}
	}
	if revoked := said[eventKeyRevoked]; len(revoked) > 0 {
		r.events.Warning(realm, eventKeyRevoked, actionRotate, "%s", strings.Join(revoked, "; "))
	}
}

// signedWith says how many tokens a key has signed, as far as the pods know that
// run now: each counts from its own start.
func (st state) signedWith(kid string) string {
	tokens, pods := int64(0), 0
	for _, p := range st.pods {
		if p.Answered {
			pods, tokens = pods+1, tokens+p.Report.TokensSigned[kid]
		}
	}
	if pods == 0 {
		return "; no pod could say how many tokens it had signed"
	}
	return fmt.Sprintf("; the %d pods that answer had signed %d tokens with it since they started, none of which is taken any more", pods, tokens)
}
