// Command doclinks checks the documents of the repository against its files: every relative link, every
// path in a code span that begins with a folder of the repository, and every `make TARGET`.
//
// Usage:
//
//	doclinks DIR
//
// Doclinks prints one line for each broken reference and exits with status 1 if there is any.
package main

import (
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"strings"
)

func main() {
	if len(os.Args) != 2 {
		fmt.Fprintln(os.Stderr, "usage: doclinks DIR")
		os.Exit(2)
	}
	broken, err := run(os.Args[1])
	if err != nil {
		fmt.Fprintln(os.Stderr, "doclinks:", err)
		os.Exit(2)
	}
	for _, line := range broken {
		fmt.Println(line)
	}
	if len(broken) > 0 {
		os.Exit(1)
	}
}

// run returns one line for each reference of the documents below dir that leads nowhere.
func run(dir string) ([]string, error) {
	makefile, err := os.ReadFile(filepath.Join(dir, "Makefile"))
	if err != nil {
		return nil, err
	}
	tree := os.DirFS(dir)
	var broken []string
	err = fs.WalkDir(tree, ".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if entry.IsDir() && name != "." && name != ".github" && (strings.HasPrefix(entry.Name(), ".") || entry.Name() == "testdata" || entry.Name() == "bin") {
			return fs.SkipDir
		}
		if entry.IsDir() || path.Ext(name) != ".md" {
			return nil
		}
		text, err := fs.ReadFile(tree, name)
		if err != nil {
			return err
		}
		for _, reference := range check(tree, name, string(text), string(makefile)) {
			broken = append(broken, name+": "+reference)
		}
		return nil
	})
	return broken, err
}

var (
	link       = regexp.MustCompile(`\]\(([^)\s]+)\)`)
	codeSpan   = regexp.MustCompile("`([^`\n]+)`")
	repository = regexp.MustCompile(`^(\.ci|deploy|docs|gen|migrations|proto|scripts|services|tools)/[\w./-]*$`)
	makeTarget = regexp.MustCompile(`(?:^|\s)make ([a-z][a-z-]*)`)
)

// check returns the broken references of one document.
func check(tree fs.FS, name, text, makefile string) []string {
	var broken []string
	exists := func(target string) bool {
		_, err := fs.Stat(tree, strings.TrimSuffix(path.Clean(target), "/"))
		return err == nil
	}
	for _, m := range link.FindAllStringSubmatch(text, -1) {
		target, _, _ := strings.Cut(m[1], "#")
		if target == "" || strings.Contains(target, "://") || strings.HasPrefix(target, "mailto:") {
			continue
		}
		if !exists(path.Join(path.Dir(name), target)) {
			broken = append(broken, "the link "+m[1]+" leads nowhere")
		}
	}
	for _, m := range codeSpan.FindAllStringSubmatch(text, -1) {
		if repository.MatchString(m[1]) && !exists(m[1]) {
			broken = append(broken, "there is no "+m[1])
		}
		for _, t := range makeTarget.FindAllStringSubmatch(m[1], -1) {
			if !strings.Contains(makefile, "\n"+t[1]+":") {
				broken = append(broken, "the Makefile has no target "+t[1])
			}
		}
	}
	return broken
}
