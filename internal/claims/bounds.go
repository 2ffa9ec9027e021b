// SPDX-License-Identifier: Apache-2.0

package claims

import (
	"errors"

	"github.com/google/cel-go/cel"
	"github.com/google/cel-go/common/types"
	"github.com/google/cel-go/common/types/ref"
	"github.com/google/cel-go/common/types/traits"
	"github.com/google/cel-go/interpreter"
)

const (
	// MaxCost is what an expression may cost, in units of CEL: a step is one, and so are ten
	// bytes of a text. A unit takes some tens of nanoseconds.
	MaxCost = 100_000

	// maxText bounds, in bytes, every text that an expression makes on its way, maxItems the
	// entries of a list, and maxParts what stands in a list or a map that it writes, at
	// whatever depth. CEL counts the cost of a step once that is done: without these, one step
	// could take all memory, or for ever, as when lists that hold themselves twice, forty
	// levels deep, are compared.
	maxText  = 4096
	maxItems = 10_000
	maxParts = 1000
)

var errTooLarge = errors.New("too large")

// reasonOf is why an evaluation came to nothing.
func reasonOf(err error) Reason {
	cancelled := interpreter.EvalCancelledError{}
	switch {
	case errors.As(err, &cancelled):
		return TooCostly
	case errors.Is(err, errTooLarge):
		return TooLarge
	}
	return Failed
}

// bounded holds each step of a program to the bounds.
func bounded(step interpreter.InterpretableV2) (interpreter.InterpretableV2, error) {
	switch step := step.(type) {
	case interpreter.InterpretableConstructor:
		for _, part := range step.InitVals() {
			if _, constant := part.(interpreter.InterpretableConst); !constant {
				return boundedConstructor{step}, nil
			}
		}
	case interpreter.InterpretableCall:
		return boundedCall{step}, nil
	}
	return step, nil
}

type boundedCall struct{ interpreter.InterpretableCall }

func (c boundedCall) Exec(f *interpreter.ExecutionFrame) ref.Val {
	return small(c.ID(), c.InterpretableCall.Exec(f))
}

func (c boundedCall) Eval(a cel.Activation) ref.Val { return c.Exec(interpreter.AsFrame(a)) }

func small(id int64, value ref.Val) ref.Val {
	switch v := value.(type) {
	case types.String:
		if len(v) > maxText {
			return tooLarge(id)
		}
	case traits.Lister:
		if size, ok := v.Size().(types.Int); !ok || size > maxItems {
			return tooLarge(id)
		}
	}
	return value
}

type boundedConstructor struct {
	interpreter.InterpretableConstructor
}

func (c boundedConstructor) Exec(f *interpreter.ExecutionFrame) ref.Val {
	value := c.InterpretableConstructor.Exec(f)
	if parts(value, maxParts+1) > maxParts {
		return tooLarge(c.ID())
	}
	return value
}

func (c boundedConstructor) Eval(a cel.Activation) ref.Val { return c.Exec(interpreter.AsFrame(a)) }

func tooLarge(id int64) ref.Val { return types.LabelErrNode(id, types.WrapErr(errTooLarge)) }

// parts counts what a value is made of, at whatever depth, and goes no further than to the
// limit.
func parts(value ref.Val, limit int) int {
	switch v := value.(type) {
	case *types.Optional:
		if v.HasValue() {
			return parts(v.GetValue(), limit)
		}
		return 1
	case traits.Mapper:
		count := 1
		for i := v.Iterator(); count < limit && i.HasNext() == types.True; {
			key := i.Next()
			count += parts(key, limit-count) + parts(v.Get(key), limit-count)
		}
		return count
	case traits.Lister:
		count := 1
		for i := v.Iterator(); count < limit && i.HasNext() == types.True; {
			count += parts(i.Next(), limit-count)
		}
		return count
	}
	return 1
}
