// SPDX-License-Identifier: Apache-2.0

package auth

import (
	"slices"
	"strings"
	"testing"
	"unicode/utf8"
)

// finds reports whether a user is found by what somebody types.
func finds(typed, name, email string) bool {
	document := SearchDocument(name, email)
	return !slices.ContainsFunc(SearchParts(typed), func(part string) bool { return !strings.Contains(document, part) })
}

func TestPeopleAreFoundAsTheyAreTyped(t *testing.T) {
	t.Parallel()
	for name, typed := range map[string][]string{
		"Иван Петров":            {"Иван Петров", "иван", "ПЕТРОВ", "етро", "петров иван", "пет ив", "И", "Пе"},
		"Élodie Martin":          {"Élodie", "elodie", "E\u0301LODIE", "lodie", "martin élo", "él", "e", "m"},
		"Þór Jónsson":            {"Þór", "þór", "thor", "jonsson", "JÓNS"},
		"Søren Łukasz Đặng":      {"soren", "SØREN", "lukasz", "łuk", "dang", "đặng"},
		"Strauß":                 {"strauß", "STRAUSS", "strauss"},
		"İbrahim Işık":           {"ibrahim", "İBRAHİM", "ısık", "işik", "isik"},
		"Ναύτης Παπαδάκης":       {"ναυτης", "ΝΑΎΤΗΣ", "παπαδακησ", "παπαδ"},
		"Артём Щёголев":          {"артем", "АРТЁМ", "щеголев"},
		"王伟":                     {"王伟", "王", "伟"},
		"김철수":                    {"김철수", "철수", "김", "\u1100\u1175\u11b7"},
		"ガブリエル・佐藤":               {"ガブ", "ｶﾞﾌﾞﾘｴﾙ", "佐藤", "藤"},
		"O’Brien-Smith":          {"o'brien", "O’Brien", "brien-smith", "smith"},
		"ﬁona ＷＩＤＥ":              {"fiona", "wide"},
		"نجم\u200cالدین":         {"نجم\u200cالدین", "نجمالدین"},
		"שָׁלוֹם":                {"שלום"},
		"Ann \t\u00a0Lee":        {"ann lee", "lee ann", "\u200bann"},
		"\u202eAnn\u202c":        {"ann"},
		"Dvořák, Antonín":        {"dvorak antonin", "antonin", "dvořák,"},
		"प्रिया":                 {"प्रिया"},
		"Nguyễn Thị Phượng":      {"nguyen", "phuong", "thi ng"},
		"Jean-Luc d'Arc":         {"jean-luc", "d'arc", "d"},
		"Müller":                 {"muller", "müller", "MÜLLER"},
		"":                       {"", " ", "\u200b"},
		strings.Repeat("a", 200): {strings.Repeat("a", 120)},
	} {
		for _, text := range typed {
			if !finds(text, name, "x@y.example") {
				t.Errorf("%q is not found by %q: %q in %q", name, text, SearchParts(text), SearchDocument(name, ""))
			}
		}
	}
}

func TestAddressesAreFoundAsTheyAreTyped(t *testing.T) {
	t.Parallel()
	const email = "ann.lee@xn--bcher-kva.example"
	for typed, found := range map[string]bool{
		"ann.lee": true, "LEE@": true, "@bücher": true, "@BÜCHER.EXAMPLE": true, "xn--bcher": true, "ann.lee@xn--bcher-kva.example": true,
		"bucher.exa": true, "an": true, "a": true, "le": false, "@": false, "nn": false, "büchner": false, "ann lee": true, "ann  bücher": true, "ann bob": false,
	} {
		if finds(typed, "", email) != found {
			t.Errorf("%q finds %s: %t, want %t", typed, email, !found, found)
		}
	}
}

func FuzzSearch(f *testing.F) {
	for _, seed := range []string{"Иван Петров", "Þór", "王伟", "\ufdfa", "a\u0301\u0301", "\xff", "ﬁ İ", "\u1100\u1161\u11a8", "ｶﾞ", "ſt"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if folded := foldForSearch(text); foldForSearch(folded) != folded || !utf8.ValidString(folded) {
			t.Errorf("%q is folded to %q, and that to %q", text, folded, foldForSearch(folded))
		}
		if !finds(text, text, "") {
			t.Errorf("%q does not find itself", text)
		}
		document := SearchDocument(text, "")
		for _, part := range SearchParts(text) {
			trigrams := Trigrams(part)
			if len(trigrams) == 0 || slices.ContainsFunc(trigrams, func(s string) bool { return !slices.Contains(Trigrams(document), s) }) {
				t.Errorf("%q has the trigrams %q", part, trigrams)
			}
		}
	})
}
