package query

import (
	"fmt"
	"strings"
	"testing"

	"go.einride.tech/aip/filtering"
	expr "google.golang.org/genproto/googleapis/api/expr/v1alpha1"
	"pgregory.net/rapid"
)

// The reference parser of AIP-160 and this one parse the same texts to the same trees.
func TestParserAgreesWithEinride(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := grammar(t, 2)
		var reference filtering.Parser
		reference.Init(text)
		want, err := reference.Parse()
		if err != nil {
			t.Fatalf("%s: the reference can't read it: %v", text, err)
		}
		got, err := parse(text)
		if err != nil {
			t.Fatalf("%s: %v", text, err)
		}
		if ours, theirs := tree(got), exprTree(t, want.GetExpr()); ours != theirs {
			t.Fatalf("%s\ngot  %s\nwant %s", text, ours, theirs)
		}
	})
}

// grammar draws a filter of limited depth, by the rules of the grammar.
func grammar(t *rapid.T, levels int) string {
	blank := rapid.SampledFrom([]string{" ", "  ", "\n"})
	several := func(of func() string, between string) string {
		parts := []string{of()}
		for range rapid.IntRange(0, 1).Draw(t, between) {
			parts = append(parts, of())
		}
		text := parts[0]
		for _, part := range parts[1:] {
			text += blank.Draw(t, "blank") + between
			if between != "" {
				text += blank.Draw(t, "blank")
			}
			text += part
		}
		return text
	}
	simple := func() string {
		if levels > 0 && rapid.IntRange(0, 3).Draw(t, "composite") == 0 {
			return "(" + grammar(t, levels-1) + ")"
		}
		return restriction(t)
	}
	term := func() string { return rapid.SampledFrom([]string{"", "", "NOT ", "-"}).Draw(t, "not") + simple() }
	factor := func() string { return several(term, "OR") }
	sequence := func() string { return several(factor, "") }
	return several(sequence, "AND")
}

func restriction(t *rapid.T) string {
	value := rapid.SampledFrom([]string{"web", "x_1", `"a b"`, `'it\'s'`, `"\u00e9\x41\"\\"`, "*", "web*", "é", "ANDy"})
	path := rapid.SampledFrom([]string{"a", "displayName", "a.b", `a."b c".d`, "a.AND", "a.1", "NOTE.x"})
	if rapid.Bool().Draw(t, "bare") {
		return rapid.OneOf(value, rapid.SampledFrom([]string{"a", "a.b"})).Draw(t, "word")
	}
	op := rapid.SampledFrom([]string{"=", "!=", "<", "<=", ">", ">=", ":", " = ", " : ", " >="}).Draw(t, "op")
	number := rapid.SampledFrom([]string{"5", "-5", "0"})
	composite := rapid.SampledFrom([]string{"(a OR b)", "(a NOT b OR c)", "(-b)", "(a AND (b OR c))"})
	return path.Draw(t, "path") + op + rapid.OneOf(value, number, composite).Draw(t, "value")
}

// tree returns a syntax tree as text. The reference keeps neither positions nor quotes.
func tree(n node) string {
	switch n := n.(type) {
	case *junction:
		parts := make([]string, len(n.kids))
		for i, kid := range n.kids {
			parts[i] = tree(kid)
		}
		if n.or {
			return "or(" + strings.Join(parts, ", ") + ")"
		}
		return "and(" + strings.Join(parts, ", ") + ")"
	case *negation:
		return "not(" + tree(n.kid) + ")"
	case *comparison:
		return "(" + fmt.Sprintf("%q", strings.Join(n.path, ".")) + " " + n.op + " " + tree(n.arg) + ")"
	case *literal:
		return fmt.Sprintf("%q", n.text)
	}
	panic(fmt.Sprintf("%T", n))
}

// exprTree returns a tree of the reference in the same form.
func exprTree(t *rapid.T, e *expr.Expr) string {
	switch kind := e.GetExprKind().(type) {
	case *expr.Expr_IdentExpr:
		return fmt.Sprintf("%q", kind.IdentExpr.GetName())
	case *expr.Expr_SelectExpr:
		return fmt.Sprintf("%q", exprPath(t, e))
	case *expr.Expr_ConstExpr:
		if n, ok := kind.ConstExpr.GetConstantKind().(*expr.Constant_Int64Value); ok {
			return fmt.Sprintf(`"%d"`, n.Int64Value)
		}
		return fmt.Sprintf("%q", kind.ConstExpr.GetStringValue())
	case *expr.Expr_CallExpr:
		function, args := kind.CallExpr.GetFunction(), kind.CallExpr.GetArgs()
		switch function {
		case filtering.FunctionAnd, filtering.FunctionFuzzyAnd:
			return "and(" + strings.Join(flatten(t, args, filtering.FunctionAnd, filtering.FunctionFuzzyAnd), ", ") + ")"
		case filtering.FunctionOr:
			return "or(" + strings.Join(flatten(t, args, filtering.FunctionOr), ", ") + ")"
		case filtering.FunctionNot:
			return "not(" + exprTree(t, args[0]) + ")"
		}
		return "(" + exprTree(t, args[0]) + " " + function + " " + exprTree(t, args[1]) + ")"
	}
	t.Fatalf("an expression of no known kind: %v", e)
	return ""
}

// flatten merges the arguments of calls of the same function.
func flatten(t *rapid.T, args []*expr.Expr, functions ...string) []string {
	var flat []string
	for _, arg := range args {
		same := false
		for _, function := range functions {
			same = same || arg.GetCallExpr() != nil && arg.GetCallExpr().GetFunction() == function
		}
		if same {
			flat = append(flat, flatten(t, arg.GetCallExpr().GetArgs(), functions...)...)
			continue
		}
		flat = append(flat, exprTree(t, arg))
	}
	return flat
}

func exprPath(t *rapid.T, e *expr.Expr) string {
	if ident := e.GetIdentExpr(); ident != nil {
		return ident.GetName()
	}
	if e.GetSelectExpr() == nil {
		t.Fatalf("not a path: %v", e)
	}
	return exprPath(t, e.GetSelectExpr().GetOperand()) + "." + e.GetSelectExpr().GetField()
}
