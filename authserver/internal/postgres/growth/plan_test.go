// SPDX-License-Identifier: Apache-2.0

package growth

import (
	"fmt"
	"iter"
	"strings"
)

// node is a step of a plan that has run, with its figures. Rows are averages of its loops.
type node struct {
	Kind       string  `json:"Node Type"`
	Table      string  `json:"Relation Name"`
	Index      string  `json:"Index Name"`
	Rows       float64 `json:"Actual Rows"`
	Loops      float64 `json:"Actual Loops"`
	Filtered   float64 `json:"Rows Removed by Filter"`
	Rechecked  float64 `json:"Rows Removed by Index Recheck"`
	Joined     float64 `json:"Rows Removed by Join Filter"`
	HitBlocks  int     `json:"Shared Hit Blocks"`
	ReadBlocks int     `json:"Shared Read Blocks"`
	WAL        int     `json:"WAL Bytes"`
	Plans      []node  `json:"Plans"`
}

// all are the node and those below it.
func (n node) all() iter.Seq[node] {
	return func(yield func(node) bool) { n.walk(yield) }
}

func (n node) walk(yield func(node) bool) bool {
	if !yield(n) {
		return false
	}
	for _, below := range n.Plans {
		if !below.walk(yield) {
			return false
		}
	}
	return true
}

// read is how many rows of a table the node has looked at, index entries among them.
// The catalogue does not grow with the users.
func (n node) read() int {
	if n.Table == "" && n.Kind != "Bitmap Index Scan" || strings.HasPrefix(n.Kind, "Modify") || strings.HasPrefix(n.Table, "pg_") {
		return 0
	}
	return int((n.Rows + n.Filtered + n.Rechecked) * n.Loops)
}

// sequential is how many rows of a table it has looked at without an index.
func (n node) sequential() int {
	if n.Kind != "Seq Scan" {
		return 0
	}
	return n.read()
}

// sorted is how many rows it has put into an order.
func (n node) sorted() int {
	if n.Kind != "Sort" && n.Kind != "Incremental Sort" || len(n.Plans) == 0 {
		return 0
	}
	return int(n.Plans[0].Rows * n.Plans[0].Loops)
}

// bounds are what a statement may do for one request.
type bounds struct{ sequential, sorted, read int }

// aRequest may read tables that have a page or so, sort some pages of an answer, and read
// a few more.
func aRequest() bounds { return bounds{sequential: 100, sorted: 500, read: 2000} }

// problems are what a statement does that takes longer the more rows there are.
func (s statement) problems(b bounds) (list []string) {
	for n := range s.Plan.all() {
		switch {
		case n.sequential() > b.sequential:
			list = append(list, fmt.Sprintf("reads %d rows of %s without an index", n.sequential(), n.Table))
		case n.sorted() > b.sorted:
			list = append(list, fmt.Sprintf("sorts %d rows", n.sorted()))
		case n.read() > b.read:
			list = append(list, fmt.Sprintf("reads %d rows of %s%s by index", n.read(), n.Table, n.Index))
		}
	}
	return list
}
