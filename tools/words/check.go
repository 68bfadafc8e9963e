package main

import (
	"fmt"
	"go/scanner"
	"go/token"
	"regexp"
	"sort"
	"strings"
	"unicode"
)

// rule is one line of words.txt.
type rule struct {
	// pattern matches in texts. For a name rule it is nil.
	pattern *regexp.Regexp
	// name is one word of an identifier in lower case: "purse" of "tokenPurse".
	name   string
	advice string
}

// finding is one place that a rule refuses.
type finding struct {
	line          int
	match, advice string
}

// parseRules reads lines "text REGEXP => ADVICE" and "name WORD => ADVICE". Empty lines and lines
// that begin with # are skipped.
func parseRules(text string) ([]rule, error) {
	var rules []rule
	for i, line := range strings.Split(text, "\n") {
		line = strings.TrimSpace(line)
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		left, advice, ok := strings.Cut(line, " => ")
		kind, pattern, isRule := strings.Cut(left, " ")
		if !ok || !isRule {
			return nil, fmt.Errorf("line %d: want \"text REGEXP => ADVICE\" or \"name WORD => ADVICE\"", i+1)
		}
		r := rule{advice: advice}
		switch kind {
		case "text":
			// A phrase may go on in the next line.
			compiled, err := regexp.Compile(`(?i)` + strings.ReplaceAll(strings.TrimSpace(pattern), " ", `\s+`))
			if err != nil {
				return nil, fmt.Errorf("line %d: %w", i+1, err)
			}
			r.pattern = compiled
		case "name":
			r.name = strings.TrimSpace(pattern)
		default:
			return nil, fmt.Errorf("line %d: unknown kind %q", i+1, kind)
		}
		rules = append(rules, r)
	}
	return rules, nil
}

// check returns what the rules refuse in one file, in the order of lines. Of Go files, comments,
// strings and the words of identifiers are checked; of all others, the whole text.
func check(name string, content []byte, rules []rule) []finding {
	var found []finding
	if strings.HasSuffix(name, ".go") {
		found = checkGo(content, rules)
	} else {
		found = checkText(string(content), 1, rules)
	}
	sort.SliceStable(found, func(i, j int) bool { return found[i].line < found[j].line })
	return found
}

// checkText applies the text rules. A comment that is wrapped is checked as one text, so that a
// phrase is found across a line break.
func checkText(text string, line int, rules []rule) []finding {
	var found []finding
	flat := lineBreak.ReplaceAllStringFunc(text, func(s string) string { return "\n" + strings.Repeat(" ", len(s)-1) })
	for _, r := range rules {
		if r.pattern == nil {
			continue
		}
		for _, at := range r.pattern.FindAllStringIndex(flat, -1) {
			found = append(found, finding{
				line:   line + strings.Count(flat[:at[0]], "\n"),
				match:  strings.Join(strings.Fields(flat[at[0]:at[1]]), " "),
				advice: r.advice,
			})
		}
	}
	return found
}

// lineBreak matches a line break together with the comment marker that follows it.
var lineBreak = regexp.MustCompile(`\n[ \t]*(//|--|#|\*)?`)

func checkGo(content []byte, rules []rule) []finding {
	files := token.NewFileSet()
	file := files.AddFile("", files.Base(), len(content))
	var s scanner.Scanner
	s.Init(file, content, nil, scanner.ScanComments)
	var found []finding
	var comment strings.Builder
	begin, end := 0, 0
	flush := func() {
		if comment.Len() > 0 {
			found = append(found, checkText(comment.String(), begin, rules)...)
			comment.Reset()
		}
	}
	for {
		pos, tok, literal := s.Scan()
		line := files.Position(pos).Line
		if tok == token.COMMENT {
			if comment.Len() > 0 && line == end+1 {
				comment.WriteByte('\n')
			} else {
				flush()
				begin = line
			}
			comment.WriteString(literal)
			end = line + strings.Count(literal, "\n")
			continue
		}
		if tok == token.SEMICOLON && literal == "\n" {
			continue
		}
		flush()
		switch tok {
		case token.EOF:
			return found
		case token.STRING:
			found = append(found, checkText(literal, line, rules)...)
		case token.IDENT:
			found = append(found, checkName(literal, line, rules)...)
		}
	}
}

// checkName applies the name rules to the words of an identifier.
func checkName(identifier string, line int, rules []rule) []finding {
	words := map[string]bool{}
	for _, w := range splitWords(identifier) {
		words[w] = true
	}
	var found []finding
	for _, r := range rules {
		if r.name != "" && words[r.name] {
			found = append(found, finding{line: line, match: identifier, advice: r.advice})
		}
	}
	return found
}

// splitWords splits an identifier at its capitals: "tokenPurse" gives "token", "purse".
func splitWords(identifier string) []string {
	var words []string
	var word []rune
	runes := []rune(identifier)
	flush := func() {
		if len(word) > 0 {
			words = append(words, strings.ToLower(string(word)))
			word = nil
		}
	}
	for i, r := range runes {
		switch {
		case r == '_':
			flush()
			continue
		case unicode.IsUpper(r) && i > 0 && (unicode.IsLower(runes[i-1]) || i+1 < len(runes) && unicode.IsLower(runes[i+1])):
			flush()
		}
		word = append(word, r)
	}
	flush()
	return words
}
