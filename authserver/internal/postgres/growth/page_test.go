// SPDX-License-Identifier: Apache-2.0

//go:build growth

package growth

import (
	"fmt"
	"strings"
	"time"
)

func (r *report) markdown() string {
	b := &strings.Builder{}
	s := r.fill.size
	fmt.Fprintf(b, "# A realm with %s users\n\n", thousands(s.users))
	b.WriteString("`make growth` writes this page. One PostgreSQL with the settings that a realm's managed database has, which are those it has\n" +
		"by itself; the Store of the auth server; both on one machine.\n\n")
	fmt.Fprintf(b, "%s users, %s sessions, %s refresh tokens and %s audit events; %s messages wait, as many one-time tokens, and\naddresses at which somebody has guessed.\n\n",
		thousands(s.users), thousands(s.sessions()), thousands(s.tokens()), thousands(s.events()), thousands(s.tenth()))
	fmt.Fprintf(b, "%s\n\n", strings.Join(r.machine, "\n"))
	b.WriteString("## Goals\n\n| goal | measured | |\n| --- | ---: | --- |\n")
	for _, v := range r.verdicts {
		fmt.Fprintf(b, "| %s | %s | %s |\n", v.goal, v.measured, map[bool]string{true: "met", false: "missed"}[v.met])
	}
	r.writeUpgrade(b)
	r.writeRounds(b)
	r.writeCosts(b)
	r.writeStatements(b)
	r.writeSizes(b)
	b.WriteString("\n## The run itself\n\n| | seconds |\n| --- | ---: |\n")
	for _, p := range r.phases {
		fmt.Fprintf(b, "| %s | %.0f |\n", p.name, p.took.Seconds())
	}
	return b.String()
}

func (r *report) writeUpgrade(b *strings.Builder) {
	u := r.upgrade
	fmt.Fprintf(b, "\n## Upgrade under load\n\nFrom the schema of migration %d, while pods of that release log in and refresh, fifty times a second each.\n\n", releaseBefore())
	fmt.Fprintf(b, "| | done | failed | p50 ms | p99 ms | longest ms |\n| --- | ---: | ---: | ---: | ---: | ---: |\n")
	for _, one := range []struct {
		name string
		*latencies
	}{{"logins", u.logins}, {"refreshes", u.refreshes}} {
		fmt.Fprintf(b, "| %s | %d | %d | %.1f | %.1f | %.1f |\n", one.name, len(one.took), one.failures(),
			ms(one.percentile(.5)), ms(one.percentile(.99)), ms(one.percentile(1)))
	}
	fmt.Fprintf(b, "\nAll migrations took %.1f s.\n", u.took.Seconds())
	if len(u.steps) > 0 {
		b.WriteString("\n| migration | seconds |\n| ---: | ---: |\n")
	}
	for _, s := range u.steps {
		fmt.Fprintf(b, "| %d | %.2f |\n", s.version, s.took.Seconds())
	}
}

func (r *report) writeRounds(b *strings.Builder) {
	p, s := r.pruning, r.starving
	fmt.Fprintf(b, "\n## Pruning beside refreshes\n\n%d refreshes a second, alone and beside rounds of pruning when a third of all sessions have expired. "+
		"Statistics are\nthose of before. Each is measured %d times for %s, in turn and each time after a checkpoint, and the median by its p99 is told.\n\n"+
		"| | refreshes a second | p50 ms | p99 ms | failed in all |\n| --- | ---: | ---: | ---: | ---: |\n", perSecond, spells, spell)
	for _, all := range []struct {
		name string
		spellsOf
	}{{"alone", p.before}, {"beside pruning", p.beside}} {
		one := all.median()
		fmt.Fprintf(b, "| %s | %.0f | %.1f | %.1f | %d |\n", all.name, one.perSecond(), ms(one.percentile(.5)), ms(one.percentile(.99)), all.failures())
	}
	fmt.Fprintf(b, "| beside a whole round | %.0f | %.1f | %.1f | %d |\n", p.round.perSecond(), ms(p.round.percentile(.5)), ms(p.round.percentile(.99)), p.round.failures())
	fmt.Fprintf(b, "\nThe round took %.0f s and wrote %.0f MB of WAL, the refreshes' included.", p.round.span.Seconds(), float64(p.wal)/1e6)
	if p.failed != nil {
		fmt.Fprintf(b, " One failed: %s.", strings.ReplaceAll(p.failed.Error(), "\n", "; "))
	}
	fmt.Fprintf(b, " A table has a minute of a round, which comes every ten: of refresh tokens, %s went, "+
		"and of those of a million monthly users %s expire in ten minutes.", thousands(p.tokens()), thousands(tokensInTenMinutes()))
	b.WriteString("\n\n| table | expired | left |\n| --- | ---: | ---: |\n")
	for _, one := range p.tables {
		fmt.Fprintf(b, "| %s | %s | %s |\n", one.name, thousands(one.expired), thousands(one.still))
	}
	fmt.Fprintf(b, "\n## Ten searches for locked accounts beside refreshes\n\nEight hands refresh without a pause; ten admins search without a pause. "+
		"%d searches were answered, %d were not; the longest took %.0f ms.\n\n"+
		"| | refreshes a second | p50 ms | p99 ms | failed |\n| --- | ---: | ---: | ---: | ---: |\n", s.answered, s.shed, ms(s.longest))
	for _, one := range []struct {
		name string
		*latencies
	}{{"alone", s.without}, {"beside the searches", s.beside}} {
		fmt.Fprintf(b, "| %s | %.0f | %.1f | %.1f | %d |\n", one.name, one.perSecond(), ms(one.percentile(.5)), ms(one.percentile(.99)), one.failures())
	}
}

func (r *report) writeCosts(b *strings.Builder) {
	b.WriteString("\n## What an operation writes\n\nBytes are of a database that grows by this alone, vacuumed now and then. WAL is of the large database, after a checkpoint, with its\n" +
		"full pages, and once this release has written all rows: just after the upgrade, pages that were full before have no room for another\n" +
		"version of a row. HOT is the share of updates of sessions that touched no index.\n\n" +
		"| | heap bytes | index bytes | WAL bytes | HOT |\n| --- | ---: | ---: | ---: | ---: |\n")
	for _, c := range r.costs {
		hot := ""
		if c.hot >= 0 {
			hot = fmt.Sprintf("%.1f %%", 100*c.hot)
		}
		fmt.Fprintf(b, "| %s | %d | %d | %d | %s |\n", c.name, c.heap, c.index, c.wal, hot)
	}
	b.WriteString(r.yearly())
}

func (r *report) writeStatements(b *strings.Builder) {
	b.WriteString("\n## Every statement of the Store\n\nThe median of several calls with other rows each: the longest statement of a call as PostgreSQL has run it, without planning; the blocks and the\n" +
		"log of all its statements, triggers and foreign keys included; the rows read by sequential scan. Searches are below.\n\n" +
		"| method | ms | blocks | WAL bytes | rows without index | |\n| --- | ---: | ---: | ---: | ---: | --- |\n")
	finds := map[string][]explained{}
	for _, x := range r.statements {
		if strings.HasPrefix(x.method, "Find") {
			finds[x.method] = append(finds[x.method], x)
			continue
		}
		fmt.Fprintf(b, "| %s | %.2f | %d | %d | %d | %s |\n", x.name(), ms(x.took()), x.median(statement.blocks), x.median(statement.wal), x.median(statement.sequential), x.remark())
	}
	for _, method := range []string{"FindUsers", "FindEvents"} {
		list := finds[method]
		slowest, above := explained{}, 0
		for _, x := range list {
			if x.took() > slowest.took() {
				slowest = x
			}
			if x.took() > atMost || x.failed != nil {
				above++
			}
		}
		fmt.Fprintf(b, "\n%s was asked in %d combinations of filters, values and pages: %d are above 5 ms or were given up; the slowest took %.1f ms (%s).\n",
			method, len(list), above, ms(slowest.took()), slowest.what)
	}
	r.writeSlow(b)
}

// mostSlow is how many slow searches the page lists.
const mostSlow = 60

func (r *report) writeSlow(b *strings.Builder) {
	slow := r.slow()
	if len(slow) == 0 {
		return
	}
	fmt.Fprintf(b, "\nAbove 5 ms without a stated exception, at most %d of %d:\n\n| | ms | blocks | rows without index | |\n| --- | ---: | ---: | ---: | --- |\n", mostSlow, len(slow))
	for _, x := range slow[:min(len(slow), mostSlow)] {
		fmt.Fprintf(b, "| %s | %.1f | %d | %d | %s |\n", x.name(), ms(x.took()), x.median(statement.blocks), x.median(statement.sequential), x.remark())
	}
}

// remark says what is particular about a row.
func (x explained) remark() string {
	switch e := exceptionFor(x.name()); {
	case x.failed != nil:
		return "**" + strings.ReplaceAll(x.failed.Error(), "|", "/") + "**"
	case e != nil:
		return e.reason
	case x.took() > atMost:
		return "**above 5 ms**"
	default:
		return ""
	}
}

func (r *report) writeSizes(b *strings.Builder) {
	b.WriteString("\n## Tables\n\n| table | rows | heap MB | index MB |\n| --- | ---: | ---: | ---: |\n")
	for _, t := range r.sizes {
		fmt.Fprintf(b, "| %s | %s | %.0f | %.0f |\n", t.name, thousands(t.rows), float64(t.heap)/1e6, float64(t.index)/1e6)
	}
}

func ms(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }

func thousands(n int) string {
	text := fmt.Sprint(n)
	for i := len(text) - 3; i > 0; i -= 3 {
		text = text[:i] + "," + text[i:]
	}
	return text
}
