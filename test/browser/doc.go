// SPDX-License-Identifier: Apache-2.0

// Package browser holds the tests of the realm's pages in a real browser: every
// way through them is clicked, in both themes, on a telephone and on a desk.
//
// A page fails its test by what the browser complains of, by what axe-core finds
// and by a sideways scroll bar. Its pictures are in bin/screenshots afterwards.
package browser
