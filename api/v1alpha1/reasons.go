// SPDX-License-Identifier: Apache-2.0

package v1alpha1

// Reasons of conditions that are True.
const (
	// ReasonReady surfaces on Ready when everything else is True, and on
	// DatabaseReady and CacheReady when the managed instance answers.
	ReasonReady = "Ready"
	// ReasonExternal surfaces on DatabaseReady and CacheReady when the URL of
	// the user's own instance is there and no pod complains of it.
	ReasonExternal = "External"
	// ReasonIssued surfaces on CertificateReady when the operator's CA issued the certificate.
	ReasonIssued = "Issued"
	// ReasonProvided surfaces on CertificateReady when the user's certificate fits.
	ReasonProvided = "Provided"
	// ReasonExpiringSoon surfaces on CertificateReady when the user's certificate fits and
	// is about to expire.
	ReasonExpiringSoon = "ExpiringSoon"
	// ReasonVolumeDiffers surfaces on DatabaseReady when the managed instance answers, and
	// its volume is of another size or StorageClass than the spec asks for.
	ReasonVolumeDiffers = "VolumeDiffers"
	// ReasonSigning surfaces on SigningKeysReady when a key signs.
	ReasonSigning = "Signing"
	// ReasonApplied surfaces on ResourcesApplied when nothing stood in the way.
	ReasonApplied = "Applied"
	// ReasonPropagated surfaces on ConfigPropagated when every pod said so.
	ReasonPropagated = "Propagated"
	// ReasonAvailable surfaces on Available when enough pods of this generation are available.
	ReasonAvailable = "Available"
	// ReasonScaledToZero surfaces on Available, ConfigPropagated and Ready, and on
	// an Attached, when the realm is asked for no pods.
	ReasonScaledToZero = "ScaledToZero"
	// ReasonFound surfaces on SecretsFound, RealmFound and SecretFound when what
	// the spec names is there.
	ReasonFound = "Found"
	// ReasonAccepted surfaces on Accepted, BrandingAccepted and ClaimsReady when all of the
	// spec can be used.
	ReasonAccepted = "Accepted"
	// ReasonPerProvider surfaces on CallbackDistinct when the provider has a
	// callback of its own.
	ReasonPerProvider = "PerProvider"
	// ReasonIssuerNamed surfaces on CallbackDistinct when answers at the shared
	// callback must name the provider's issuer.
	ReasonIssuerNamed = "IssuerNamed"
	// ReasonAlone surfaces on CallbackDistinct when no other provider has the shared
	// callback without naming itself.
	ReasonAlone = "Alone"
	// ReasonDiscovered surfaces on Discovered when the discovery document and the
	// keys that it names can be used.
	ReasonDiscovered = "Discovered"
	// ReasonNotNeeded surfaces on Discovered when the endpoints are known without, and on
	// SecretWritten when the client shows no secret.
	ReasonNotNeeded = "NotNeeded"
	// ReasonProven surfaces on CredentialsAccepted when the token endpoint refused a
	// code that nobody has, and not the client.
	ReasonProven = "Proven"
	// ReasonAttached surfaces on Attached when every pod of the realm runs the spec.
	ReasonAttached = "Attached"
	// ReasonNamed surfaces on ProxiesNamed when no pod has seen a proxy that the spec
	// does not name.
	ReasonNamed = "Named"
	// ReasonNotRequired surfaces on RequirementsInForce when the spec requires nothing.
	ReasonNotRequired = "NotRequired"
	// ReasonObserving surfaces on RequirementsInForce when people are counted who would be
	// stopped, and no requirement goes further.
	ReasonObserving = "Observing"
	// ReasonWarning surfaces on RequirementsInForce when people are told from when on they
	// will be stopped, and no requirement goes further.
	ReasonWarning = "Warning"
	// ReasonEnforcing surfaces on RequirementsInForce when people are stopped at sign-in who
	// do not meet a requirement.
	ReasonEnforcing = "Enforcing"
	// ReasonUnique surfaces on IssuerUnique when no older realm has the issuer.
	ReasonUnique = "Unique"
	// ReasonNotRequested surfaces on ClaimsReady, Exposed and Monitored when the spec asks for
	// nothing.
	ReasonNotRequested = "NotRequested"
	// ReasonExposed surfaces on Exposed when routes lead to the realm.
	ReasonExposed = "Exposed"
	// ReasonMonitored surfaces on Monitored when every object is there.
	ReasonMonitored = "Monitored"
	// ReasonAdmitted surfaces on Admitted when the realm takes the client.
	ReasonAdmitted = "Admitted"
	// ReasonWritten surfaces on SecretWritten when the Secret is as it should be.
	ReasonWritten = "Written"
	// ReasonOverlapping surfaces there while the secret before is good beside the one in
	// the Secret.
	ReasonOverlapping = "Overlapping"
	// ReasonRotating surfaces there while a new secret is on its way to the pods, and the
	// one in the Secret is good.
	ReasonRotating = "Rotating"
)

// Reasons of conditions that are False or Unknown.
const (
	// ReasonSecretNotFound surfaces when a Secret that the spec names, or the
	// key in it, does not exist. It heals by itself when the Secret appears.
	ReasonSecretNotFound = "SecretNotFound"
	// ReasonRealmNotFound surfaces on RealmFound when there is no AuthRealm of the
	// name in the namespace that is meant. It heals by itself when the realm appears.
	ReasonRealmNotFound = "RealmNotFound"
	// ReasonInvalidSettings surfaces on ResourcesApplied, ConfigPropagated, Accepted and
	// Admitted when an auth server would refuse what the spec says, though its
	// schema allows it.
	ReasonInvalidSettings = "InvalidSettings"
	// ReasonInvalidExpression surfaces on ClaimsReady when the expression of a claim is no
	// CEL, or could cost too much. The claims stay as they were.
	ReasonInvalidExpression = "InvalidExpression"
	// ReasonExampleFailed surfaces on ClaimsReady when a claim is not what an example says.
	// The claims stay as they were.
	ReasonExampleFailed = "ExampleFailed"
	// ReasonNotAllowed surfaces on ResourcesApplied, DatabaseReady, CacheReady, Exposed and
	// Accepted when the spec asks for what the installation does not allow: an image, an
	// annotation of the Ingress, connections to private networks. What runs goes on.
	ReasonNotAllowed = "NotAllowed"
	// ReasonNamespaceNotAllowed surfaces on Admitted when the realm takes no clients from
	// the namespace. It heals by itself when the realm's spec or the namespace's labels do.
	ReasonNamespaceNotAllowed = "NamespaceNotAllowed"
	// ReasonAudienceNotAllowed surfaces on Admitted when the realm does not list an
	// audience of the client, or its protected resource.
	ReasonAudienceNotAllowed = "AudienceNotAllowed"
	// ReasonClusterNotDeclared surfaces on Admitted when the realm does not declare a cluster
	// of the client's serviceAccounts. It heals by itself when the realm's spec does.
	ReasonClusterNotDeclared = "ClusterNotDeclared"
	// ReasonForbiddenAddress surfaces on Discovered and CredentialsAccepted when the
	// provider is at an address that realms must not connect to.
	ReasonForbiddenAddress = "ForbiddenAddress"
	// ReasonInvalidDiscovery surfaces on Discovered when what the provider says of
	// itself, or its keys, cannot be used.
	ReasonInvalidDiscovery = "InvalidDiscovery"
	// ReasonIssuerMismatch surfaces on Discovered when the document is of another
	// issuer than the one of the spec.
	ReasonIssuerMismatch = "IssuerMismatch"
	// ReasonIssuerNotNamed surfaces on Discovered when the provider has promised to
	// name itself in its answers, which is required of it, and does so no longer.
	ReasonIssuerNotNamed = "IssuerNotNamed"
	// ReasonRegisterCallback surfaces on CallbackDistinct when a callback of a
	// provider's own has to be registered before sign-in through it is safe.
	ReasonRegisterCallback = "RegisterCallback"
	// ReasonInvalidClient surfaces on CredentialsAccepted when the provider does not
	// take the client ID with this secret.
	ReasonInvalidClient = "InvalidClient"
	// ReasonUnauthorizedClient surfaces on CredentialsAccepted when the provider
	// knows the client and does not let it redeem codes.
	ReasonUnauthorizedClient = "UnauthorizedClient"
	// ReasonCallbackRefused surfaces on CredentialsAccepted when the callback URL is
	// not registered at the provider.
	ReasonCallbackRefused = "CallbackRefused"
	// ReasonUnproven surfaces on CredentialsAccepted when the token endpoint's answer
	// says neither that the secret works nor that it does not.
	ReasonUnproven = "Unproven"
	// ReasonInvalidSecret surfaces when a Secret exists and its content cannot be used,
	// and when a field names a Secret that is the operator's own.
	ReasonInvalidSecret = "InvalidSecret"
	// ReasonConfigMapNotFound surfaces on BrandingAccepted when the ConfigMap of
	// the logo, or the key in it, does not exist. It heals by itself when the
	// ConfigMap appears.
	ReasonConfigMapNotFound = "ConfigMapNotFound"
	// ReasonInvalidLogo surfaces on BrandingAccepted when the logo cannot be shown, and
	// when it is named in a ConfigMap that is the operator's own.
	ReasonInvalidLogo = "InvalidLogo"
	// ReasonLowContrast surfaces on BrandingAccepted when text could not be read
	// in the colors of the spec.
	ReasonLowContrast = "LowContrast"
	// ReasonUnknownText surfaces on BrandingAccepted when no page uses a text of
	// the spec.
	ReasonUnknownText = "UnknownText"
	// ReasonHostNotCovered surfaces on CertificateReady when the user's
	// certificate is not for the issuer's host.
	ReasonHostNotCovered = "HostNotCovered"
	// ReasonExpired surfaces on CertificateReady when the user's certificate has expired.
	ReasonExpired = "Expired"
	// ReasonNotYetValid surfaces on CertificateReady when the user's certificate is valid
	// only from a later time on.
	ReasonNotYetValid = "NotYetValid"
	// ReasonDuplicateIssuer surfaces on IssuerUnique when an older realm has the
	// same issuer. It heals by itself when that one goes or gets another.
	ReasonDuplicateIssuer = "DuplicateIssuer"
	// ReasonUnreachable surfaces on DatabaseReady and CacheReady when a pod cannot
	// connect, with what it said; and on Discovered and CredentialsAccepted when the
	// provider does not answer, or answers that it cannot now.
	ReasonUnreachable = "Unreachable"
	// ReasonUnnamedProxy surfaces on ProxiesNamed when requests for others come from
	// private addresses that the spec does not name, with the line to add. It is True
	// again within an hour of the last of them.
	ReasonUnnamedProxy = "UnnamedProxy"
	// ReasonTooManyBlocked surfaces on RequirementsInForce when as many people as maxBlocked
	// allows have been stopped at sign-in and do not meet a requirement yet: nobody further
	// is. It heals when some do, and when maxBlocked is raised.
	ReasonTooManyBlocked = "TooManyBlocked"
	// ReasonEmptyGroup surfaces on RequirementsInForce when nobody is in a group that
	// twoFactor.required names, so that it asks nothing of anybody. It heals by itself when
	// somebody is.
	ReasonEmptyGroup = "EmptyGroup"
	// ReasonNotCounted surfaces on RequirementsInForce when no pod has counted yet whom a
	// requirement concerns. It heals by itself within minutes.
	ReasonNotCounted = "NotCounted"
	// ReasonStarting surfaces on DatabaseReady and CacheReady while the managed
	// instance does not answer yet.
	ReasonStarting = "Starting"
	// ReasonKindNotInstalled surfaces on CertificateReady, Exposed and Monitored
	// when the cluster lacks a kind that the spec asks for. It heals by itself
	// when the kind is installed.
	ReasonKindNotInstalled = "KindNotInstalled"
	// ReasonIssuing surfaces on CertificateReady while cert-manager has not
	// issued the certificate.
	ReasonIssuing = "Issuing"
	// ReasonNotAccepted surfaces on Exposed when a Gateway does not take the
	// realm's route, or no controller has said whether it does.
	ReasonNotAccepted = "NotAccepted"
	// ReasonNameTaken surfaces on ResourcesApplied, SecretWritten and Attached when an
	// object of a name that is needed belongs to somebody else. Nothing of it is changed.
	ReasonNameTaken = "NameTaken"
	// ReasonNameInUse surfaces on ResourcesApplied, and on the condition of what the Secret
	// is for, while pods of another realm mount the name of a Secret that is to be made. It
	// is tried again every minute or so.
	ReasonNameInUse = "NameInUse"
	// ReasonContested surfaces on ResourcesApplied when somebody else changes an
	// object whenever the operator has written it.
	ReasonContested = "Contested"
	// ReasonApplyFailed surfaces on ResourcesApplied, SigningKeysReady, CertificateReady,
	// DatabaseReady, CacheReady, SecretWritten and Attached when the API server refused an
	// object, with its words. It is tried again every minute or so.
	ReasonApplyFailed = "ApplyFailed"
	// ReasonNoRoom surfaces on Attached when what pods read of a realm's clients has no room
	// for this one. It heals by itself when others need less.
	ReasonNoRoom = "NoRoom"
	// ReasonClusterUnknown surfaces on Attached when the operator has never read with which
	// keys its own cluster signs the tokens of ServiceAccounts. It is tried again every few
	// minutes.
	ReasonClusterUnknown = "ClusterUnknown"
	// ReasonSigningKeyPending surfaces on Attached while the key that idTokenSigningAlg asks
	// for is not one that every verifier can know.
	ReasonSigningKeyPending = "SigningKeyPending"
	// ReasonFailed surfaces on any condition when what it is about could not be read
	// or worked out, with the words of the API server or of the operator. It is tried
	// again every minute or so; until then the realm goes on with what it last had.
	ReasonFailed = "Failed"
	// ReasonKeysLost surfaces on ResourcesApplied when the encryption keys of a realm
	// that has run are gone. It heals when they are restored, or when
	// NewEncryptionKeysAnnotation says that they are given up.
	ReasonKeysLost = "KeysLost"
	// ReasonNotObserved surfaces on Ready when the spec has changed and no pass over
	// it has come to its end for some seconds.
	ReasonNotObserved = "NotObserved"
	// ReasonBeingDeleted surfaces on ResourcesApplied while an object of the
	// realm is on its way out; it is made again when it is gone.
	ReasonBeingDeleted = "BeingDeleted"
	// ReasonBlocked surfaces where something could not be looked at because
	// another condition is False.
	ReasonBlocked = "Blocked"
	// ReasonRolling surfaces on Available while pods of this generation are on their way.
	ReasonRolling = "Rolling"
	// ReasonPodsRefused surfaces on Available, DatabaseReady and CacheReady when no
	// further pod can be made: a quota, Pod Security or a webhook refuses it.
	ReasonPodsRefused = "PodsRefused"
	// ReasonUnschedulable surfaces there when a pod fits on no node.
	ReasonUnschedulable = "Unschedulable"
	// ReasonImagePullFailed surfaces there when a node cannot have a pod's image.
	ReasonImagePullFailed = "ImagePullFailed"
	// ReasonInvalidContainer surfaces there when a node cannot make a container: a key
	// of a Secret is missing, say.
	ReasonInvalidContainer = "InvalidContainer"
	// ReasonCrashing surfaces there when a container ends that should run.
	ReasonCrashing = "Crashing"
	// ReasonPodNotStarted surfaces there when a node has a pod and does not start it.
	ReasonPodNotStarted = "PodNotStarted"
	// ReasonPodNotReady surfaces there when a pod runs and is not ready for long.
	ReasonPodNotReady = "PodNotReady"
	// ReasonPodEvicted surfaces there when a node has given a pod up, for want of memory
	// or disk, say, and there is no other one yet.
	ReasonPodEvicted = "PodEvicted"
	// ReasonNodeLost surfaces there when a pod should have ended on a node that does not
	// answer.
	ReasonNodeLost = "NodeLost"
	// ReasonVolumePending surfaces on DatabaseReady while the volume claim of the managed
	// PostgreSQL has no volume.
	ReasonVolumePending = "VolumePending"
	// ReasonPropagating surfaces on ConfigPropagated and Attached while a pod runs
	// something older, and on SecretWritten while a pod does not know the first secret.
	ReasonPropagating = "Propagating"
	// ReasonRefused surfaces on ConfigPropagated, and on an OAuthClient's Attached, when a
	// pod cannot use what it was given.
	ReasonRefused = "Refused"
)
