// SPDX-License-Identifier: Apache-2.0

package notify

import (
	"strings"

	"github.com/realmkeeper/realmkeeper/authserver/internal/auth"
)

// How many messages of one kind one target gets within an auth.QuotaWindow, whichever
// account they are about: an account that was deleted, or made anew, has the target it
// had. Beyond it nothing is sent. Links and texts are those that somebody asks for.
const (
	MailLimit   = 5
	NoticeLimit = 10
	TextLimit   = 5
)

// quotaKind parts what is counted: whoever asks for one kind of message uses up no
// other, above all not the owner's way back in.
type quotaKind string

const (
	linkQuota           quotaKind = "link"
	unprovedLinkQuota   quotaKind = "unproved link"
	invitationQuota     quotaKind = "invitation"
	noticeQuota         quotaKind = "notice"
	unprovedNoticeQuota quotaKind = "unproved notice"
	textQuota           quotaKind = "text"
	enrolmentTextQuota  quotaKind = "enrolment text"
)

// LinkQuotas count a link, or a code, that anybody may ask for. Nobody is told when they are
// used up. The way in to an account whose address is proved is counted by that very
// address, and apart: neither accounts that strangers make beside it, nor addresses that
// nobody has, use it up.
func (s *Service) LinkQuotas(kind auth.OneTimeTokenKind, user auth.User, to string) ([]auth.Quota, error) {
	switch {
	case kind != auth.ResetPasswordToken && kind != auth.MailedCodeToken:
		return s.quotas(linkQuota, string(kind), mailboxOf(to), MailLimit, s.mailsPerHour())
	case user.EmailVerifiedAt != nil:
		return s.quotas(linkQuota, string(kind), to, MailLimit, s.mailsPerHour())
	default:
		return s.quotas(unprovedLinkQuota, string(kind), mailboxOf(to), MailLimit, s.mailsPerHour())
	}
}

// InvitationQuotas count a link that an administrator sends.
func (s *Service) InvitationQuotas(to string) ([]auth.Quota, error) {
	return s.quotas(invitationQuota, "", mailboxOf(to), MailLimit, 0)
}

// noticeQuotas count what a user is told of their account. Where the address is proved,
// nobody else can use them up without its owner having been told NoticeLimit times of
// the same kind of thing: those to an address that was only typed, by anybody, are
// counted apart, and of whatever kind together, or each kind would be another way to
// fill a stranger's mailbox. The total is for the latter alone.
func (s *Service) noticeQuotas(kind auth.MessageKind, user auth.User) ([]auth.Quota, error) {
	switch {
	case kind == auth.AlreadyRegisteredMessage:
		return s.quotas(noticeQuota, string(kind), mailboxOf(user.Email), MailLimit, s.mailsPerHour())
	case user.EmailVerifiedAt != nil:
		return s.quotas(noticeQuota, string(kind), user.Email, NoticeLimit, 0)
	default:
		return s.unprovedNoticeQuotas(kind, mailboxOf(user.Email))
	}
}

// unprovedNoticeQuotas count the news of a reclaimed account apart: it goes out beside
// another, and by the owner of the address alone.
func (s *Service) unprovedNoticeQuotas(kind auth.MessageKind, mailbox string) ([]auth.Quota, error) {
	about := ""
	if kind == auth.AccountReclaimedMessage {
		about = string(kind)
	}
	target, err := s.targetQuota(unprovedNoticeQuota, about, mailbox, NoticeLimit)
	if err != nil {
		return nil, err
	}
	total, err := s.realmQuota(unprovedNoticeQuota, string(kind), s.mailsPerHour())
	return append(target, total...), err
}

// TextQuotas count a code to a telephone. Whoever enrols somebody else's number does
// not use up the codes of those whose second factor it is.
func (s *Service) TextQuotas(number string, enrols bool) ([]auth.Quota, error) {
	kind, total := textQuota, 0
	if enrols {
		kind = enrolmentTextQuota
	}
	if settings := s.Settings().SMS; settings != nil {
		total = settings.MessagesPerHour
	}
	return s.quotas(kind, "", number, TextLimit, total)
}

func (s *Service) mailsPerHour() int {
	if settings := s.Settings().Email; settings != nil {
		return settings.MessagesPerHour
	}
	return 0
}

// quotas are those of a target and of the realm, for messages of a kind about one
// thing.
func (s *Service) quotas(kind quotaKind, about, target string, limit, total int) ([]auth.Quota, error) {
	list, err := s.targetQuota(kind, about, target, limit)
	if err != nil {
		return nil, err
	}
	ofRealm, err := s.realmQuota(kind, about, total)
	return append(list, ofRealm...), err
}

func (s *Service) targetQuota(kind quotaKind, about, target string, limit int) ([]auth.Quota, error) {
	key, err := s.Hasher.Hash("quota of a target", string(kind)+"\x00"+about+"\x00"+target)
	return []auth.Quota{{Key: key, Limit: limit}}, err
}

// realmQuota is none for a total of zero.
func (s *Service) realmQuota(kind quotaKind, about string, total int) ([]auth.Quota, error) {
	if total == 0 {
		return nil, nil
	}
	key, err := s.Hasher.Hash("quota of the realm", string(kind)+"\x00"+about)
	return []auth.Quota{{Key: key, Limit: total, IfSent: true}}, err
}

// mailboxOf leaves out the part of an address that its owner chooses freely (RFC
// 5233): it has any number of those. A server that gives ann+x to somebody else than
// ann makes the two share a quota; so it is not for a way back in to what is proved.
func mailboxOf(address string) string {
	local, domain, _ := strings.Cut(address, "@")
	local, _, _ = strings.Cut(local, "+")
	return local + "@" + domain
}
