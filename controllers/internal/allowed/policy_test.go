// SPDX-License-Identifier: Apache-2.0

package allowed_test

import (
	"slices"
	"testing"

	"github.com/realmkeeper/realmkeeper/controllers/internal/allowed"
)

func TestImagesEndWhereTheirNamesDo(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		allowed string
		image   string
		want    bool
	}{
		{"ghcr.io/realmkeeper", "ghcr.io/realmkeeper/realmkeeper:1", true},
		{"ghcr.io/realmkeeper", "ghcr.io/realmkeeper", true},
		{"ghcr.io/realmkeeper", "ghcr.io/realmkeeper:1", true},
		{"ghcr.io/realmkeeper", "ghcr.io/realmkeeper@sha256:0", true},
		{"ghcr.io/realmkeeper", "ghcr.io/realmkeeper-evil/realmkeeper:1", false},
		{"ghcr.io/realmkeeper", "ghcr.io/realmkeeper.evil", false},
		{"ghcr.io/realmkeeper/", "ghcr.io/realmkeeper/realmkeeper:1", true},
		{"ghcr.io/realmkeeper/", "ghcr.io/realmkeeper-evil/realmkeeper:1", false},
		{"ghcr.io/", "ghcr.io/anybody/anything", true},
		{"ghcr.io/", "ghcr.io.evil.example/anything", false},
		{"ghcr.io/", "ghcr.io:5000/anything", false},
		{"ghcr.io/", "anybody/ghcr.io/anything", false},
		{"localhost:5000/", "localhost:5000/realmkeeper", true},
		{"localhost:5000/", "localhost/realmkeeper", false},
		{"docker.io/library/postgres", "postgres:16", true},
		{"docker.io/library/postgres", "docker.io/postgres:16", true},
		{"docker.io/library/postgres", "postgres-evil:16", false},
		{"docker.io/library/postgres", "postgres/evil", false},
		{"docker.io/library/postgres", "postgres:5000/evil", false},
		{"docker.io/library/postgres", "evil.example/library/postgres", false},
		{"docker.io/", "bitnami/postgresql", true},
		{"docker.io/", "INTRANET/postgresql", false},
		{"ghcr.io/realmkeeper/realmkeeper:1", "ghcr.io/realmkeeper/realmkeeper:1@sha256:0", true},
		{"ghcr.io/realmkeeper/realmkeeper:1", "ghcr.io/realmkeeper/realmkeeper:11", false},
	} {
		p := allowed.Policy{Images: []string{c.allowed}}
		if err := p.Validate(); err != nil {
			t.Error(err)
		}
		if got := p.AllowsImage(c.image); got != c.want {
			t.Errorf("%s allows %s: %t", c.allowed, c.image, got)
		}
	}
	if (allowed.Policy{}).AllowsImage("docker.io/library/postgres:15") {
		t.Error("an installation that allows no image allows one")
	}
}

// A realm may be upgraded before the others, and have another PostgreSQL.
func TestImagesOfTheInstallationAreAllowedInEveryVersion(t *testing.T) {
	t.Parallel()
	p := allowed.Policy{}.WithImages("localhost:5000/realmkeeper:1", "postgres:15-bookworm", "redis@sha256:0", "postgres:16")
	if want := []string{"docker.io/library/postgres", "docker.io/library/redis", "localhost:5000/realmkeeper"}; !slices.Equal(p.Images, want) {
		t.Errorf("images are %v, want %v", p.Images, want)
	}
	for _, image := range []string{"localhost:5000/realmkeeper:2", "localhost:5000/realmkeeper@sha256:0", "docker.io/library/postgres:17", "redis"} {
		if !p.AllowsImage(image) {
			t.Errorf("%s is not allowed", image)
		}
	}
}

func TestAnnotationsAreAllowedByNameOrDomain(t *testing.T) {
	t.Parallel()
	p := allowed.Policy{IngressAnnotations: []string{"nginx.ingress.kubernetes.io/backend-protocol", "alb.ingress.kubernetes.io/"}}
	for name, want := range map[string]bool{
		"nginx.ingress.kubernetes.io/backend-protocol":      true,
		"nginx.ingress.kubernetes.io/backend-protocols":     false,
		"nginx.ingress.kubernetes.io/configuration-snippet": false,
		"alb.ingress.kubernetes.io/scheme":                  true,
		"alb.ingress.kubernetes.io":                         false,
		"evil-alb.ingress.kubernetes.io/scheme":             false,
	} {
		if got := p.AllowsAnnotation(name); got != want {
			t.Errorf("%s is allowed: %t", name, got)
		}
	}
}

func TestPoliciesThatCannotBeMeantAreRefused(t *testing.T) {
	t.Parallel()
	for name, p := range map[string]allowed.Policy{
		"an image without its registry": {Images: []string{"postgres"}},
		"a registry without its slash":  {Images: []string{"ghcr.io"}},
		"a path without its registry":   {Images: []string{"bitnami/postgresql"}},
		"every image":                   {Images: []string{"*"}},
		"an empty image":                {Images: []string{""}},
		"every annotation":              {IngressAnnotations: []string{"*"}},
		"an empty annotation":           {IngressAnnotations: []string{""}},
	} {
		if p.Validate() == nil {
			t.Errorf("%s is accepted", name)
		}
	}
}
