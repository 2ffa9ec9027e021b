// SPDX-License-Identifier: Apache-2.0

package authserver

import (
	"crypto/rand"

	"github.com/realmkeeper/realmkeeper/authserver/internal/account"
	"github.com/realmkeeper/realmkeeper/authserver/internal/admin"
	"github.com/realmkeeper/realmkeeper/authserver/internal/attempts"
	"github.com/realmkeeper/realmkeeper/authserver/internal/audit"
	"github.com/realmkeeper/realmkeeper/authserver/internal/auth"
	"github.com/realmkeeper/realmkeeper/authserver/internal/backchannel"
	"github.com/realmkeeper/realmkeeper/authserver/internal/client"
	"github.com/realmkeeper/realmkeeper/authserver/internal/commonpasswords"
	"github.com/realmkeeper/realmkeeper/authserver/internal/dpop"
	"github.com/realmkeeper/realmkeeper/authserver/internal/federation"
	"github.com/realmkeeper/realmkeeper/authserver/internal/grant"
	"github.com/realmkeeper/realmkeeper/authserver/internal/group"
	"github.com/realmkeeper/realmkeeper/authserver/internal/mailcode"
	"github.com/realmkeeper/realmkeeper/authserver/internal/mfa"
	"github.com/realmkeeper/realmkeeper/authserver/internal/notify"
	"github.com/realmkeeper/realmkeeper/authserver/internal/passkey"
	"github.com/realmkeeper/realmkeeper/authserver/internal/passwordrules"
	"github.com/realmkeeper/realmkeeper/authserver/internal/personaltoken"
	"github.com/realmkeeper/realmkeeper/authserver/internal/postgres"
	"github.com/realmkeeper/realmkeeper/authserver/internal/reclaim"
	"github.com/realmkeeper/realmkeeper/authserver/internal/redis"
	"github.com/realmkeeper/realmkeeper/authserver/internal/registrar"
	"github.com/realmkeeper/realmkeeper/authserver/internal/requirement"
	"github.com/realmkeeper/realmkeeper/authserver/internal/sealing"
	"github.com/realmkeeper/realmkeeper/authserver/internal/serviceaccount"
	"github.com/realmkeeper/realmkeeper/authserver/internal/session"
	"github.com/realmkeeper/realmkeeper/authserver/internal/signin"
)

// adapters are what capabilities reach the world by.
type adapters struct {
	store      *postgres.Store
	cache      *redis.Cache
	sealer     *sealing.Sealer
	tokens     session.AccessTokens
	passwords  auth.Passwords
	providers  federation.Providers
	clientKeys client.Keys
	documents  registrar.Documents
	transport  notify.Transport
	logouts    backchannel.Transport
	webauthn   passkey.WebAuthn
}

// capabilities are what a realm can do. Each stands on those before it alone.
type capabilities struct {
	rules      passwordrules.Rules
	proofs     *dpop.Service
	clients    *client.Service
	audit      *audit.Log
	registrar  *registrar.Service
	notify     *notify.Service
	attempts   *attempts.Service
	sessions   *session.Service
	grants     *grant.Service
	logouts    *backchannel.Service
	required   *requirement.Service
	mfa        *mfa.Service
	passkeys   *passkey.Service
	signIn     *signin.Service
	groups     *group.Service
	personal   *personaltoken.Service
	machines   *serviceaccount.Service
	reclaim    *reclaim.Service
	mailCodes  *mailcode.Service
	federation *federation.Service
	accounts   *account.Service
	admin      *admin.Service
}

func (s *server) newCapabilities(a adapters) capabilities {
	realm := auth.Realm{Settings: s.folder.Config, Now: s.Now, Random: rand.Reader, Log: s.Log}
	c := capabilities{
		rules: passwordrules.Rules{Settings: realm.Settings, Common: commonpasswords.Contains},
		audit: &audit.Log{Realm: realm, Store: a.store},
	}
	c.proofs = &dpop.Service{Realm: realm, Sealer: a.sealer, Seen: a.cache}
	c.clients = &client.Service{Realm: realm, Clients: s.folder.Clients, Store: a.store, Keys: a.clientKeys, Usage: s.clientUsage}
	c.registrar = &registrar.Service{
		Realm: realm, Store: a.store, Documents: a.documents, Clients: c.clients, Audit: c.audit, Observer: s.metrics,
	}
	c.notify = &notify.Service{
		Realm: realm, Store: a.store, Sealer: a.sealer, Hasher: a.sealer, Audit: c.audit, Transport: a.transport, Observer: s.metrics,
	}
	c.attempts = &attempts.Service{
		Realm: realm, Store: a.store, Ephemeral: a.cache, Sealer: a.sealer, Audit: c.audit, Notify: c.notify, Observer: s.metrics,
	}
	c.sessions = &session.Service{
		Realm: realm, Store: a.store, Ephemeral: a.cache, Sealer: a.sealer, Tokens: a.tokens, Clients: c.clients, Audit: c.audit,
		Observer: s.metrics,
	}
	c.grants = &grant.Service{Realm: realm, Store: a.store, Audit: c.audit, Notify: c.notify, Clients: c.clients, Sessions: c.sessions, Attempts: c.attempts}
	c.logouts = &backchannel.Service{
		Realm: realm, Store: a.store, Clients: c.clients, Signer: s.tokens, Transport: a.logouts, Observer: s.metrics, Timeout: s.logoutTimeout(),
	}
	c.required = &requirement.Service{Realm: realm, Store: a.store, Audit: c.audit, Sessions: c.sessions, Observer: s.metrics}
	c.mfa = &mfa.Service{
		Realm: realm, Store: a.store, Sealer: a.sealer, Audit: c.audit, Attempts: c.attempts, Notify: c.notify,
		Requirements: c.required, Observer: s.metrics,
	}
	c.passkeys = &passkey.Service{
		Realm: realm, Store: a.store, Sealer: a.sealer, WebAuthn: a.webauthn, Audit: c.audit, Notify: c.notify,
		Requirements: c.required, Observer: s.metrics,
	}
	c.signIn = &signin.Service{
		Realm: realm, Store: a.store, Sealer: a.sealer, Tokens: a.tokens, Passwords: a.passwords, Audit: c.audit,
		Attempts: c.attempts, Sessions: c.sessions, MFA: c.mfa, Passkeys: c.passkeys, Notify: c.notify,
		Requirements: c.required, Rules: c.rules, Observer: s.metrics,
	}
	c.groups = &group.Service{Realm: realm, Store: a.store, Audit: c.audit, Sessions: c.sessions, SignIn: c.signIn}
	c.required.Groups = c.groups.Of // which stand on it
	c.personal = &personaltoken.Service{
		Realm: realm, Store: a.store, Audit: c.audit, Clients: c.clients, Notify: c.notify, Sessions: c.sessions, SignIn: c.signIn, Groups: c.groups.Of,
	}
	c.machines = &serviceaccount.Service{Realm: realm, Store: a.store, Audit: c.audit, Sessions: c.sessions, SignIn: c.signIn}
	c.reclaim = &reclaim.Service{Store: a.store, Audit: c.audit, Notify: c.notify, Attempts: c.attempts, Sessions: c.sessions}
	c.mailCodes = &mailcode.Service{
		Realm: realm, Store: a.store, Sealer: a.sealer, Tokens: a.tokens, Notify: c.notify, Attempts: c.attempts, SignIn: c.signIn, Reclaim: c.reclaim,
	}
	c.federation = &federation.Service{
		Realm: realm, Store: a.store, Sealer: a.sealer, Tokens: a.tokens, Providers: a.providers, Audit: c.audit,
		Notify: c.notify, Sessions: c.sessions, Reclaim: c.reclaim, SignIn: c.signIn, Groups: c.groups,
		Observer: s.metrics,
	}
	c.accounts = &account.Service{
		Realm: realm, Store: a.store, Sealer: a.sealer, Passwords: a.passwords, Audit: c.audit, Notify: c.notify, Attempts: c.attempts,
		Sessions: c.sessions, MFA: c.mfa, Passkeys: c.passkeys, SignIn: c.signIn, Reclaim: c.reclaim, Rules: c.rules,
	}
	c.signIn.ReplacePassword = c.accounts.ReplacePassword // which stand on it
	c.admin = &admin.Service{
		Realm: realm, Store: a.store, Audit: c.audit, Notify: c.notify, Attempts: c.attempts, Sessions: c.sessions,
		MFA: c.mfa, SignIn: c.signIn, Accounts: c.accounts,
	}
	return c
}
