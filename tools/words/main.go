// Command words refuses the words and phrases that the project does not use, in comments, strings,
// identifiers and documents. The list, with what to write instead, is words.txt; docs/glossary.md has
// the terms that the project does use.
//
// Usage:
//
//	words [-list FILE] DIR
//
// Words reads every text file that git tracks below DIR, except generated and vendored ones. It
// prints one line for each finding and exits with status 1 if there is any.
package main

import (
	"bufio"
	"bytes"
	_ "embed"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

//go:embed words.txt
var builtin string

func main() {
	list := flag.String("list", "", "read the words from `FILE` instead of the built-in list")
	flag.Parse()
	if flag.NArg() != 1 {
		fmt.Fprintln(os.Stderr, "usage: words [-list FILE] DIR")
		os.Exit(2)
	}
	found, err := run(flag.Arg(0), *list)
	if err != nil {
		fmt.Fprintln(os.Stderr, "words:", err)
		os.Exit(2)
	}
	if found > 0 {
		fmt.Fprintf(os.Stderr, "%d words that the project does not use; tools/words/words.txt has what to write instead\n", found)
		os.Exit(1)
	}
}

// run checks every tracked file below dir and returns the number of findings.
func run(dir, list string) (int, error) {
	text := builtin
	if list != "" {
		b, err := os.ReadFile(list)
		if err != nil {
			return 0, err
		}
		text = string(b)
	}
	rules, err := parseRules(text)
	if err != nil {
		return 0, err
	}
	files, err := trackedFiles(dir)
	if err != nil {
		return 0, err
	}
	found := 0
	for _, name := range files {
		if !isChecked(name) {
			continue
		}
		content, err := os.ReadFile(filepath.Join(dir, name))
		if os.IsNotExist(err) {
			continue // Deleted in the working tree.
		}
		if err != nil {
			return 0, err
		}
		if isGenerated(content) {
			continue
		}
		for _, f := range check(name, content, rules) {
			fmt.Printf("%s:%d: %q: %s\n", name, f.line, f.match, f.advice)
			found++
		}
	}
	return found, nil
}

// trackedFiles lists the files below dir that git tracks, relative to dir.
func trackedFiles(dir string) ([]string, error) {
	command := exec.Command("git", "-C", dir, "ls-files", "-z")
	out, err := command.Output()
	if err != nil {
		return nil, fmt.Errorf("list the tracked files of %s: %w", dir, err)
	}
	return strings.Split(strings.TrimRight(string(out), "\x00"), "\x00"), nil
}

// checkedKinds are the file name endings of texts that people write.
var checkedKinds = []string{
	".go", ".proto", ".sql", ".md", ".templ", ".js", ".css", ".sh", ".yaml", ".yml", ".toml", ".tmpl", "Makefile", "Dockerfile", ".ci/run", ".ci/install",
}

// isChecked reports whether people write the file by hand.
func isChecked(name string) bool {
	switch {
	case strings.HasPrefix(name, "gen/"), strings.HasPrefix(name, "tools/words/"),
		strings.HasSuffix(name, ".min.js"), strings.HasSuffix(name, "_templ.go"),
		strings.Contains(name, "/testdata/"):
		return false
	}
	for _, kind := range checkedKinds {
		if strings.HasSuffix(name, kind) {
			return true
		}
	}
	return false
}

// isGenerated reports whether one of the first lines marks the file as generated.
func isGenerated(content []byte) bool {
	scanner := bufio.NewScanner(bytes.NewReader(content))
	for range 5 {
		if !scanner.Scan() {
			return false
		}
		if strings.HasPrefix(scanner.Text(), "// Code generated ") {
			return true
		}
	}
	return false
}
