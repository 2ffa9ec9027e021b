// SPDX-License-Identifier: Apache-2.0

// Command crdgen writes the kinds' definitions as controller-gen crd does, and
// knows one marker more, for durations:
//
//	crdgen DIRECTORY PACKAGES…
//
// A rule on a named type could not say in the user's words which field it refuses,
// and CEL has no other way to bound a duration than to match its form once more
// beside each bound.
package main

import (
	"errors"
	"fmt"
	"os"

	"sigs.k8s.io/controller-tools/pkg/crd"
	"sigs.k8s.io/controller-tools/pkg/genall"
	"sigs.k8s.io/controller-tools/pkg/markers"
)

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "crdgen:", err)
		os.Exit(1)
	}
}

func run(args []string) error {
	if len(args) < 2 {
		return errors.New("want a directory and packages")
	}
	// The version of controller-gen is that of its module, and not of this program.
	omit := true
	var definitions genall.Generator = generator{crd.Generator{OmitToolVersion: &omit}}
	runtime, err := genall.Generators{&definitions}.ForRoots(args[1:]...)
	if err != nil {
		return fmt.Errorf("load packages: %w", err)
	}
	runtime.OutputRules.Default = genall.OutputToDirectory(args[0])
	if failed := runtime.Run(); failed {
		return errors.New("definitions are not written, for the reasons above")
	}
	return nil
}

// generator is controller-gen's, with the marker.
type generator struct{ crd.Generator }

// RegisterMarkers adds the marker to those of controller-gen.
func (g generator) RegisterMarkers(into *markers.Registry) error {
	if err := g.Generator.RegisterMarkers(into); err != nil {
		return err
	}
	return markers.RegisterAll(into, markers.Must(markers.MakeDefinition(durationMarker, markers.DescribesField, Duration{})))
}
