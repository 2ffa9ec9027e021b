// SPDX-License-Identifier: Apache-2.0

package auth

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/cases"
	"golang.org/x/text/unicode/norm"

	"github.com/realmkeeper/realmkeeper/internal/mailaddress"
)

// wordStart stands before every word of a search document. It is so wide that the
// trigrams of a document tell the first letter of a word, and the first two.
const wordStart = "  "

// SearchDocument is what there is to find of a user, in the one form in which it is
// searched: the words of the name, and the address, also with its domain as people
// write it.
func SearchDocument(name, email string) string {
	words := append(searchWords(name), searchWords(email)...)
	if readable := mailaddress.Address(email).Unicode(); readable != email {
		words = append(words, searchWords(readable)...)
	}
	return strings.Join(append([]string{""}, words...), wordStart)
}

// SearchParts are the texts that must all stand in the documents of whom somebody looks
// for: each word that was typed, anywhere, or the beginning of a word where it has one
// or two letters, of which there would be too many. Every part has three letters at
// least.
func SearchParts(typed string) []string {
	parts := searchWords(typed)
	for i, word := range parts {
		if utf8.RuneCountInString(word) < Trigram {
			parts[i] = wordStart + word
		}
	}
	return parts
}

// Trigram is how many letters of a document are indexed together.
const Trigram = 3

// Trigrams are those of a text, as the Store has them of its documents.
func Trigrams(text string) []string {
	letters, list := []rune(text), []string{}
	for i := range max(len(letters)-Trigram+1, 0) {
		list = append(list, string(letters[i:i+Trigram]))
	}
	return list
}

// searchWords are the words of a folded text. Where a script has no spaces between
// words, every letter may begin one and stands alone.
func searchWords(text string) []string {
	spaced := strings.Builder{}
	for _, r := range foldForSearch(text) {
		if unicode.In(r, unicode.Han, unicode.Hiragana, unicode.Katakana, unicode.Hangul) {
			spaced.WriteString(" " + string(r) + " ")
			continue
		}
		spaced.WriteRune(r)
	}
	return strings.Fields(spaced.String())
}

// foldForSearch is a text without what people leave out or type in another way who look
// for it: capitals, widths, marks on letters, and what nobody sees. It is compatibility
// caseless matching (Unicode, section 3.13), and goes further where letters have
// no decomposition, such as ø.
func foldForSearch(text string) string {
	text = norm.NFKD.String(cases.Fold().String(norm.NFKD.String(strings.ToValidUTF8(text, ""))))
	folded, marked := strings.Builder{}, false
	for _, r := range text {
		switch {
		case unicode.IsSpace(r), unicode.IsControl(r):
			folded.WriteRune(' ')
		case unicode.In(r, unicode.Cf, unicode.Variation_Selector, unicode.Other_Default_Ignorable_Code_Point):
		case unicode.Is(unicode.Mn, r) && marked:
		default:
			folded.WriteString(plainLetter(r))
			marked = unicode.In(r, unicode.Latin, unicode.Greek, unicode.Cyrillic, unicode.Hebrew, unicode.Arabic) ||
				marked && unicode.Is(unicode.M, r)
		}
	}
	return norm.NFC.String(folded.String())
}

// plainLetter is what people type who have no such key, or r itself.
func plainLetter(r rune) string {
	switch r {
	case 'ø':
		return "o"
	case 'đ', 'ð':
		return "d"
	case 'ł':
		return "l"
	case 'ħ':
		return "h"
	case 'ŧ':
		return "t"
	case 'ı':
		return "i"
	case 'þ':
		return "th"
	case 'æ':
		return "ae"
	case 'œ':
		return "oe"
	case '’', 'ʼ', '‘':
		return "'"
	default:
		return string(r)
	}
}
