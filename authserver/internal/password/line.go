// SPDX-License-Identifier: Apache-2.0

package password

// line is where tasks wait: bounded, and fair between sources. Sources take turns, so
// that one that sends many tasks keeps nobody out. But many people may share a source,
// an office's address for instance, and theirs must not wait for ever while others come
// and go: a task goes first once it has waited half as long again as in order of arrival.
// A line has no lock and no clock; the engine provides both.
type line struct {
	limit   int
	waiting int
	served  int // since the line was made
	// bySource holds each source's tasks in order of arrival; turns, the sources
	// in the order in which they are served next.
	bySource map[string][]*task
	turns    []string
}

func newLine(limit int) *line { return &line{limit: limit, bySource: map[string][]*task{}} }

// join adds t. When the line is full, it makes room by turning away the newest
// task of the source that waits most, so that one source cannot keep the others
// out; when that is t's own source, t itself is turned away.
func (l *line) join(t *task) (turnedAway *task) {
	if l.waiting >= l.limit {
		greediest := l.greediest()
		if len(l.bySource[greediest]) <= len(l.bySource[t.source])+1 {
			return t
		}
		turnedAway = l.last(greediest)
		l.remove(turnedAway)
	}
	if len(l.bySource[t.source]) == 0 {
		l.turns = append(l.turns, t.source)
	}
	t.patience = l.served + l.waiting + (l.waiting+1)/2
	l.bySource[t.source] = append(l.bySource[t.source], t)
	l.waiting++
	return turnedAway
}

// next takes the task whose turn it is; nil when nobody waits.
func (l *line) next() *task {
	if l.waiting == 0 {
		return nil
	}
	l.served++
	if t := l.mostImpatient(); t.patience < l.served-1 {
		l.remove(t)
		return t
	}
	source := l.turns[0]
	t := l.bySource[source][0]
	l.remove(t)
	if len(l.bySource[source]) > 0 {
		l.turns = append(l.turns[1:], source)
	}
	return t
}

// mostImpatient is the task that should have been served soonest. The first of each
// source is more impatient than those behind it.
func (l *line) mostImpatient() *task {
	var most *task
	for _, source := range l.turns {
		if first := l.bySource[source][0]; most == nil || first.patience < most.patience {
			most = first
		}
	}
	return most
}

// remove takes t out of the line, if it still waits.
func (l *line) remove(t *task) bool {
	tasks := l.bySource[t.source]
	for i, other := range tasks {
		if other != t {
			continue
		}
		l.waiting--
		if len(tasks) > 1 {
			l.bySource[t.source] = append(tasks[:i:i], tasks[i+1:]...)
			return true
		}
		delete(l.bySource, t.source)
		l.skip(t.source)
		return true
	}
	return false
}

func (l *line) skip(source string) {
	for i, s := range l.turns {
		if s == source {
			l.turns = append(l.turns[:i:i], l.turns[i+1:]...)
			return
		}
	}
}

func (l *line) greediest() string {
	most := ""
	for _, source := range l.turns {
		if len(l.bySource[source]) > len(l.bySource[most]) {
			most = source
		}
	}
	return most
}

func (l *line) last(source string) *task {
	tasks := l.bySource[source]
	return tasks[len(tasks)-1]
}
