// SPDX-License-Identifier: Apache-2.0

package claims

import (
	"errors"
	"fmt"
	"regexp/syntax"
	"slices"

	"github.com/google/cel-go/cel"
	"github.com/google/cel-go/common/ast"
	"github.com/google/cel-go/common/operators"
	"github.com/google/cel-go/common/types"
)

// functions are what expressions may call. The list is closed: what a later release of the
// library knows in addition is not known to half of a realm's pods.
func functions() []string {
	return []string{
		operators.Conditional, operators.LogicalAnd, operators.LogicalOr, operators.LogicalNot, operators.Equals, operators.NotEquals,
		operators.Less, operators.LessEquals, operators.Greater, operators.GreaterEquals, operators.In, operators.NotStrictlyFalse,
		operators.Add, operators.Subtract, operators.Multiply, operators.Divide, operators.Modulo, operators.Negate,
		operators.Index, operators.OptIndex, operators.OptSelect,
		"size", "string", "int", "double", "bool", "timestamp", "duration",
		"contains", "startsWith", "endsWith", matches,
		"charAt", "indexOf", "lastIndexOf", "substring", "lowerAscii", "upperAscii", "trim", "replace", "split", "join",
		"optional.of", "optional.none", "optional.ofNonZeroValue", "hasValue", "value", "or", "orValue", "first", "last",
		"getFullYear", "getMonth", "getDate", "getDayOfMonth", "getDayOfWeek", "getDayOfYear", "getHours", "getMinutes", "getSeconds",
	}
}

const matches = "matches"

// checkCalls refuses what could be slow, or depends on more than the facts.
func checkCalls(checked *ast.AST) error {
	known, problems, program := functions(), []error{}, 0
	ast.PreOrderVisit(checked.Expr(), ast.NewExprVisitor(func(e ast.Expr) {
		switch e.Kind() {
		case ast.StructKind:
			problems = append(problems, fmt.Errorf("makes a %s, which is not for expressions to make", e.AsStruct().TypeName()))
		case ast.CallKind:
			instructions, err := checkCall(e.AsCall(), known)
			problems, program = append(problems, err), program+instructions
		default: // has no function to look at
		}
	}))
	if err := errors.Join(problems...); err != nil || program <= maxProgram {
		return err
	}
	return errors.New("has patterns that are too large together: have it match fewer, or smaller ones")
}

// checkCall counts the instructions of the call's pattern, if it has one.
func checkCall(call ast.CallExpr, known []string) (int, error) {
	name := call.FunctionName()
	switch {
	case !slices.Contains(known, name):
		return 0, fmt.Errorf("calls %s, which is not among the functions of claims", name)
	case name == matches:
		return checkPattern(call.Args()[len(call.Args())-1])
	case len(name) > 3 && name[:3] == "get" && len(call.Args()) > 0:
		return 0, fmt.Errorf("%s takes no time zone here: times are in UTC", name)
	}
	return 0, nil
}

const (
	// maxPattern bounds a regular expression in bytes, maxProgram the instructions of what all
	// those of an expression are compiled to: .{1000} is short, and slow, and many take memory.
	maxPattern = 256
	maxProgram = 500
)

// checkPattern wants a pattern that is known, and small, and counts its instructions.
func checkPattern(e ast.Expr) (int, error) {
	if e.Kind() != ast.LiteralKind {
		return 0, errors.New("matches needs a pattern that stands in the expression, and is not made by it")
	}
	pattern, ok := e.AsLiteral().(types.String)
	if !ok || len(pattern) > maxPattern {
		return 0, fmt.Errorf("matches needs a pattern of at most %d bytes", maxPattern)
	}
	parsed, err := syntax.Parse(string(pattern), syntax.Perl)
	if err != nil {
		return 0, fmt.Errorf("matches needs a pattern of RE2: %w", err)
	}
	program, err := syntax.Compile(parsed.Simplify())
	if err != nil || len(program.Inst) > maxProgram {
		return 0, errors.New("matches has a pattern that is too large: have it repeat less")
	}
	return len(program.Inst), nil
}

// checkType refuses what JSON has no words for.
func checkType(t *cel.Type) error {
	switch t.Kind() {
	case types.BoolKind, types.IntKind, types.UintKind, types.DoubleKind, types.StringKind, types.NullTypeKind, types.DynKind, types.TypeParamKind:
		return nil
	case types.ListKind:
		return checkType(t.Parameters()[0])
	case types.MapKind:
		if key := t.Parameters()[0].Kind(); key != types.StringKind && key != types.DynKind && key != types.TypeParamKind {
			return errors.New("makes a map whose keys are no texts")
		}
		return checkType(t.Parameters()[1])
	case types.OpaqueKind:
		if t.TypeName() == types.OptionalType.TypeName() {
			return checkType(t.Parameters()[0])
		}
	default: // refused
	}
	return fmt.Errorf("makes a %s, and a claim is a text, a number, a truth value, a list or a map: string() makes a text of most", t)
}
