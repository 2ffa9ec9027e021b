// SPDX-License-Identifier: Apache-2.0

package claims

import (
	"errors"
	"fmt"
	"reflect"

	"github.com/google/cel-go/cel"
	"github.com/google/cel-go/common/ast"
	"github.com/google/cel-go/ext"

	"github.com/realmkeeper/realmkeeper/authserver/realmconfig"
)

// Language is what expressions are written in. It may be used by many at once.
type Language struct{ env *cel.Env }

const (
	// maxNested is how deep parentheses, lists and calls may stand in each other, maxMacros how
	// many macros, of which each goes through what the one before has made.
	maxNested = 50
	maxMacros = 4
)

// New returns the language. It takes some milliseconds, once.
func New() (*Language, error) {
	env, err := cel.NewCustomEnv(
		cel.StdLib(), cel.OptionalTypes(), ext.Strings(ext.StringsVersion(5)),
		ext.NativeTypes(ext.ParseStructTags(true), reflect.TypeFor[User](), reflect.TypeFor[Identity](), reflect.TypeFor[Client]()),
		cel.Variable(userVariable, cel.ObjectType("claims.User")),
		cel.Variable(groupsVariable, cel.ListType(cel.StringType)),
		cel.Variable(identitiesVariable, cel.ListType(cel.ObjectType("claims.Identity"))),
		cel.Variable(clientVariable, cel.ObjectType("claims.Client")),
		cel.ParserRecursionLimit(maxNested), cel.ParserExpressionSizeLimit(realmconfig.MaxClaimExpression), cel.DefaultUTCTimeZone(true),
		cel.ASTValidators(cel.ValidateDurationLiterals(), cel.ValidateTimestampLiterals(), cel.ValidateComprehensionNestingLimit(maxMacros)),
	)
	if err != nil {
		return nil, fmt.Errorf("make the language of claims: %w", err)
	}
	return &Language{env}, nil
}

// compile returns a claim, and what it costs at most for people as they usually are.
func (l *Language) compile(name, expression string) (claim, uint64, error) {
	checked, issues := l.env.Compile(expression)
	if issues.Err() != nil {
		return claim{}, 0, firstOf(issues)
	}
	native := checked.NativeRep()
	if err := errors.Join(checkCalls(native), checkType(checked.OutputType())); err != nil {
		return claim{}, 0, err
	}
	estimate, err := l.env.EstimateCost(checked, usualSizes{})
	if err != nil {
		return claim{}, 0, fmt.Errorf("cannot be estimated: %w", err)
	}
	if estimate.Max > MaxCost {
		return claim{}, 0, fmt.Errorf("could cost more than the %d that it may: have it go through fewer lists", uint64(MaxCost))
	}
	program, err := l.env.Program(checked,
		cel.EvalOptions(cel.OptOptimize), cel.CostTracking(actualCosts{}), cel.CostLimit(MaxCost), cel.CustomDecoratorV2(bounded))
	if err != nil {
		return claim{}, 0, fmt.Errorf("cannot be evaluated: %w", err)
	}
	return claim{name, program, readsOf(native)}, estimate.Max, nil
}

// firstOf is the first thing that is wrong, on one line, with its place.
func firstOf(issues *cel.Issues) error {
	all := issues.Errors()
	if len(all) == 0 {
		return issues.Err()
	}
	if all[0].Location.Line() < 1 { // it is about the expression as a whole
		return errors.New(all[0].Message)
	}
	return fmt.Errorf("line %d, column %d: %s", all[0].Location.Line(), all[0].Location.Column()+1, all[0].Message)
}

// readsOf finds out what an expression asks for.
func readsOf(checked *ast.AST) Reads {
	reads := Reads{}
	for _, reference := range checked.ReferenceMap() {
		reads.Groups = reads.Groups || reference.Name == groupsVariable
		reads.Identities = reads.Identities || reference.Name == identitiesVariable
	}
	ast.PreOrderVisit(checked.Expr(), ast.NewExprVisitor(func(e ast.Expr) {
		if e.Kind() != ast.SelectKind || checked.GetType(e.AsSelect().Operand().ID()).TypeName() != "claims.User" {
			return
		}
		switch e.AsSelect().FieldName() {
		case "name", "locale":
			reads.Profile = true
		case "email", "email_verified":
			reads.Email = true
		}
	}))
	return reads
}
