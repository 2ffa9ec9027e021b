// SPDX-License-Identifier: Apache-2.0

package testenv

import (
	"errors"
	"fmt"
	"html"
	"io"
	"mime"
	"mime/multipart"
	"net/mail"
	"regexp"
	"strings"
)

// Mail is what a mail reader would see of a mail.
type Mail struct {
	// EnvelopeFrom and To are what the SMTP server was told.
	EnvelopeFrom, To string
	// Username is who sent it; empty for somebody.
	Username string
	Header   mail.Header
	// ID is the Message-ID, and Subject the decoded one.
	ID, Subject string
	Text, HTML  string
	// Links are what the HTML part's anchors point to, in order.
	Links []string
}

// readMail takes a mail with a text and an HTML alternative apart.
func readMail(r io.Reader) (Mail, error) {
	message, err := mail.ReadMessage(r)
	if err != nil {
		return Mail{}, fmt.Errorf("read mail: %w", err)
	}
	m := Mail{Header: message.Header, ID: message.Header.Get("Message-ID")}
	if m.Subject, err = new(mime.WordDecoder).DecodeHeader(message.Header.Get("Subject")); err != nil {
		return Mail{}, fmt.Errorf("read subject: %w", err)
	}
	kind, parameters, err := mime.ParseMediaType(message.Header.Get("Content-Type"))
	if err != nil || kind != "multipart/alternative" {
		return Mail{}, fmt.Errorf("mail is %q, not multipart/alternative", kind)
	}
	parts := multipart.NewReader(message.Body, parameters["boundary"])
	for {
		part, err := parts.NextPart()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return Mail{}, fmt.Errorf("read part: %w", err)
		}
		if err := m.add(part); err != nil {
			return Mail{}, err
		}
	}
	for _, found := range regexp.MustCompile(`<a [^>]*href="([^"]*)"`).FindAllStringSubmatch(m.HTML, -1) {
		m.Links = append(m.Links, html.UnescapeString(found[1]))
	}
	return m, nil
}

func (m *Mail) add(part *multipart.Part) error {
	body, err := io.ReadAll(part)
	if err != nil {
		return fmt.Errorf("read part: %w", err)
	}
	text := strings.ReplaceAll(string(body), "\r\n", "\n")
	switch kind, _, _ := mime.ParseMediaType(part.Header.Get("Content-Type")); kind {
	case "text/plain":
		m.Text = text
	case "text/html":
		m.HTML = text
	default:
		return fmt.Errorf("part is %q", kind)
	}
	return nil
}
