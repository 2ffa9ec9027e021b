// SPDX-License-Identifier: Apache-2.0

package render

import (
	"net"
	"net/url"
	"slices"
	"strconv"
	"strings"
)

// outgoingPorts are where the auth server calls what lies outside the realm.
// Policies know addresses and no names, and what a name stands for changes: so
// the ports are all that can be said.
func outgoingPorts(in Inputs) []int {
	config := Config(in)
	ports := slices.Clone(in.StorePorts)
	if config.Email != nil {
		ports = append(ports, config.Email.Port)
	}
	var urls []string
	if config.SMS != nil {
		urls = append(urls, config.SMS.URL)
	}
	if config.Tracing != nil {
		urls = append(urls, config.Tracing.Endpoint)
	}
	if d := config.Clients.MetadataDocuments; d != nil {
		for _, host := range d.Hosts {
			urls = append(urls, "https://"+host)
		}
	}
	for _, p := range config.Providers {
		// What a provider's discovery document names is as a rule at 443.
		urls = append(urls, "https://", p.Issuer)
		if p.Endpoints != nil {
			urls = append(urls, p.Endpoints.Token, p.Endpoints.UserInfo)
		}
	}
	for _, u := range urls {
		if port := portOf(u); port > 0 {
			ports = append(ports, port)
		}
	}
	slices.Sort(ports)
	return slices.Compact(ports)
}

// portOf is the port of a URL over HTTP, 0 when it is none.
func portOf(raw string) int {
	u, err := url.Parse(raw)
	if err != nil {
		return 0
	}
	if port, err := strconv.Atoi(u.Port()); err == nil {
		return port
	}
	return map[string]int{"https": 443, "http": 80}[u.Scheme]
}

// StorePorts are the ports that the URL of a PostgreSQL or a Redis names, which
// may have several hosts, and the usual one: what answers there may point
// elsewhere.
func StorePorts(raw string) []int {
	scheme, rest, _ := strings.Cut(raw, "://")
	usual := cachePlainPort // Redis' own
	if strings.HasPrefix(scheme, "postgres") {
		usual = databasePort
	}
	authority := rest[:min(len(rest), strings.IndexAny(rest+"/", "/?"))]
	hosts := authority[strings.LastIndexByte(authority, '@')+1:]
	ports := []int{usual}
	for host := range strings.SplitSeq(hosts, ",") {
		if _, port, err := net.SplitHostPort(host); err == nil {
			if n, err := strconv.ParseUint(port, 10, 16); err == nil && n > 0 {
				ports = append(ports, int(n))
			}
		}
	}
	return ports
}
