// SPDX-License-Identifier: Apache-2.0

package auth

import "strings"

// MaxLocaleLength is the longest language tag that is kept, in bytes (RFC 5646,
// section 4.4.1).
const MaxLocaleLength = 35

// LocaleFault says what a language tag must be; it goes on after the field's name.
const LocaleFault = "must be a language tag such as pt-BR"

// ParseLocale reads the language that somebody wants to be addressed in, as
// NormalizeLocale does; none is a language too. It refuses with InvalidRequest.
func ParseLocale(typed string) (string, error) {
	tag := NormalizeLocale(typed)
	if tag == "" && typed != "" {
		return "", &Error{Code: InvalidRequest, Fields: []FieldProblem{{Field: "locale", Detail: LocaleFault}}}
	}
	return tag, nil
}

// PlausibleLocale takes what NormalizeLocale reads.
func PlausibleLocale(text string) bool { return NormalizeLocale(text) != "" }

// NormalizeLocale reads a language tag by its form (RFC 5646, section 2.1), such as
// "pt-BR", or the name that systems give a locale, such as "pt_BR.UTF-8". It returns
// the tag with the capitals that tags have (section 2.1.1), and does not ask whether
// there is such a language; it is empty for what is no tag.
func NormalizeLocale(text string) string {
	parts := strings.Split(strings.ReplaceAll(languageOf(text), "_", "-"), "-")
	extends := false // behind a singleton, nothing has capitals
	for i, part := range parts {
		if len(part) < 1 || len(part) > 8 || i == 0 && len(part) < 2 || strings.ContainsFunc(part, notAlphanumeric) {
			return ""
		}
		part = strings.ToLower(part)
		switch {
		case i == 0 || extends:
		case len(part) == len("BR"):
			part = strings.ToUpper(part)
		case len(part) == len("Hant"):
			part = strings.ToUpper(part[:1]) + part[1:]
		}
		extends = extends || len(part) == 1
		parts[i] = part
	}
	return strings.Join(parts, "-")
}

// languageOf is the name of a locale without its encoding (POSIX.1-2024, section
// 8.2). Of what may follow an @, a script is part of the language.
func languageOf(name string) string {
	name, modifier, _ := strings.Cut(name, "@")
	name, _, _ = strings.Cut(name, ".")
	script := map[string]string{"latin": "Latn", "cyrillic": "Cyrl", "devanagari": "Deva"}[strings.ToLower(modifier)]
	if script == "" {
		return name
	}
	language, country, _ := strings.Cut(name, "_")
	return strings.TrimSuffix(language+"-"+script+"-"+country, "-")
}
