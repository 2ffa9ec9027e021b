// SPDX-License-Identifier: Apache-2.0

package claims

import (
	"github.com/google/cel-go/checker"
	"github.com/google/cel-go/common/overloads"
	"github.com/google/cel-go/common/types"
	"github.com/google/cel-go/common/types/ref"
)

// usualSizes estimate expressions for people as they usually are: in a hundred groups at most,
// with names of a hundred letters. It is what tells somebody, as they write an expression, that
// it is a bad one; whoever is in more groups is bounded by actualCosts.
type usualSizes struct{}

const usual = 100

// EstimateSize implements checker.CostEstimator.
func (usualSizes) EstimateSize(node checker.AstNode) *checker.SizeEstimate {
	switch node.Type().Kind() {
	case types.StringKind, types.BytesKind, types.ListKind, types.MapKind, types.DynKind, types.OpaqueKind, types.TypeParamKind:
		return &checker.SizeEstimate{Max: usual}
	default: // of one size
		return nil
	}
}

// EstimateCallCost implements checker.CostEstimator: the library knows those of its functions.
func (usualSizes) EstimateCallCost(string, string, *checker.AstNode, []checker.AstNode) *checker.CallEstimate {
	return nil
}

// actualCosts count what CEL takes for one step, though it goes through lists.
type actualCosts struct{}

// CallCost implements interpreter.ActualCostEstimator.
func (actualCosts) CallCost(_, overload string, args []ref.Val, _ ref.Val) *uint64 {
	compared := 0
	switch overload {
	case overloads.AddList:
		compared = parts(args[1], MaxCost)
	case overloads.InList:
		compared = parts(args[1], MaxCost)
	case overloads.Equals, overloads.NotEquals:
		if compared = min(parts(args[0], MaxCost), parts(args[1], MaxCost)); compared == 1 {
			return nil // texts, whose length the library counts
		}
	default:
		return nil
	}
	cost := uint64(compared) //nolint:gosec // at most MaxCost and a few
	return &cost
}
