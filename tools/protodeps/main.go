// Command protodeps prints the .proto files that Rollcall's contract imports
// from other projects, out of the descriptors that their Go modules carry.
// buf then needs no network: buf.yaml lists the folder as a second module.
//
//	protodeps FOLDER
package main

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"

	"github.com/jhump/protoreflect/v2/protoprint"
	"google.golang.org/protobuf/reflect/protoreflect"
)

func main() {
	if len(os.Args) != 2 {
		fmt.Fprintln(os.Stderr, "usage: protodeps FOLDER")
		os.Exit(2)
	}
	if err := printAll(os.Args[1]); err != nil {
		fmt.Fprintln(os.Stderr, "protodeps:", err)
		os.Exit(1)
	}
}

// printAll writes the roots and all that they import below dir, but for
// google/protobuf/*, which buf has built in.
func printAll(dir string) error {
	var files []protoreflect.FileDescriptor
	seen := map[string]bool{}
	var visit func(f protoreflect.FileDescriptor)
	visit = func(f protoreflect.FileDescriptor) {
		if seen[f.Path()] || f.Package() == "google.protobuf" {
			return
		}
		seen[f.Path()] = true
		files = append(files, f)
		for i := range f.Imports().Len() {
			visit(f.Imports().Get(i).FileDescriptor)
		}
	}
	for _, f := range roots() {
		visit(f)
	}
	slices.SortFunc(files, func(a, b protoreflect.FileDescriptor) int {
		if a.Path() < b.Path() {
			return -1
		}
		return 1
	})
	for _, f := range files {
		if err := printFile(dir, f); err != nil {
			return fmt.Errorf("%s: %w", f.Path(), err)
		}
	}
	return nil
}

func printFile(dir string, f protoreflect.FileDescriptor) error {
	path := filepath.Join(dir, filepath.FromSlash(f.Path()))
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	out, err := os.Create(path)
	if err != nil {
		return err
	}
	printer := protoprint.Printer{Compact: true}
	if err := printer.PrintProtoFile(f, out); err != nil {
		return err
	}
	return out.Close()
}
