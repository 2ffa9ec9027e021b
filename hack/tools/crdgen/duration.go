// SPDX-License-Identifier: Apache-2.0

package main

import (
	"errors"
	"fmt"
	"regexp"

	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	crdmarkers "sigs.k8s.io/controller-tools/pkg/crd/markers"
)

const durationMarker = "realmkeeper:validation:Duration"

// Duration is a marker on a field of type metav1.Duration:
//
//	// +realmkeeper:validation:Duration:example="30m or 1h",min="1m",max="24h"
//
// It makes two rules, for the form of a duration and for its bounds. Either message
// begins with the field's name, which is taken from the description: it begins so,
// too.
type Duration struct {
	// Example follows "must be a duration such as".
	Example string `marker:"example"`
	// Min is the least duration, Max the greatest; none is when Max is absent.
	Min string `marker:"min"`
	Max string `marker:"max,optional"`
	// Which says what Max is in words, as "a year".
	Which string `marker:"which,optional"`
	// Zero takes 0s beside what is within bounds, and says what it means.
	Zero string `marker:"zero,optional"`
}

// form is what metav1.Duration reads, without a sign.
const form = `self.matches('^([0-9]+([.][0-9]+)?(ns|us|µs|ms|s|m|h))+$')`

// longest is the most characters that a rule has to reckon with.
const longest = 32

// ApplyToSchema adds the rules to the field's schema.
func (d Duration) ApplyToSchema(_ *crdmarkers.SchemaContext, schema *apiextensionsv1.JSONSchemaProps) error {
	field := regexp.MustCompile(`^[a-z]\w*`).FindString(schema.Description)
	if field == "" {
		return errors.New("the description must begin with the field's name")
	}
	maxLength := int64(longest)
	schema.Type, schema.MaxLength = "string", &maxLength
	schema.XValidations = append(schema.XValidations,
		// A message that reckons costs more than the API server lets an expression cost.
		apiextensionsv1.ValidationRule{Rule: form, Message: fmt.Sprintf("%s must be a duration such as %s; days are written in hours, 720h for 30d", field, d.Example)},
		apiextensionsv1.ValidationRule{Rule: fmt.Sprintf("!%s || %s", form, d.within()), Message: fmt.Sprintf("%s must be %s", field, d.bounds())},
	)
	return nil
}

func (d Duration) within() string {
	rule := fmt.Sprintf("duration(self) >= duration('%s')", d.Min)
	if d.Max != "" {
		rule = fmt.Sprintf("(%s && duration(self) <= duration('%s'))", rule, d.Max)
	}
	if d.Zero != "" {
		rule = "duration(self) == duration('0s') || " + rule
	}
	return rule
}

func (d Duration) bounds() string {
	if d.Max == "" {
		return d.Min + " or more"
	}
	words := d.Min + " to " + d.Max
	if d.Which != "" {
		words += ", which is " + d.Which
	}
	if d.Zero != "" {
		words += ", or 0s for " + d.Zero
	}
	return words
}
