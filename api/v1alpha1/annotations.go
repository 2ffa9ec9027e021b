// SPDX-License-Identifier: Apache-2.0

package v1alpha1

// Annotations of an AuthRealm by which a person says that something is to be made
// anew though that loses what the realm had. Their value names what is given up, as
// the condition that asks for it does: an annotation that stays in Git is good for
// that one loss and for no later one.
const (
	// NewEncryptionKeysAnnotation gives up everything that is sealed in the database:
	// second factors above all.
	NewEncryptionKeysAnnotation = GroupName + "/new-encryption-keys"
	// NewSigningKeysAnnotation gives up the keys that verifiers know: everybody has to
	// refresh once.
	NewSigningKeysAnnotation = GroupName + "/new-signing-keys"
	// NewAuthorityAnnotation gives up the realm's own certificate authority: clients
	// that trust it have to be given the new one.
	NewAuthorityAnnotation = GroupName + "/new-authority"
)
