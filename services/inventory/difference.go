package inventory

import (
	"maps"
	"slices"
	"time"
)

// Difference returns the fields in which two states of an instance differ, by their JSON paths,
// sorted. Fields that are not compared are left out (see Field.Compared). If only one of the states
// has a section of details, that section is listed and not each of its fields.
func Difference(a, b *Instance) []string {
	var paths []string
	for section, fields := range bySection {
		section := Section(section)
		if inA, inB := section.In(a), section.In(b); !inA || !inB {
			if inA != inB {
				paths = append(paths, section.JSONPath())
			}
			continue
		}
		for _, f := range fields {
			if f.Compared() && !equal(f.pointer(a), f.pointer(b)) {
				paths = append(paths, f.JSONPath)
			}
		}
	}
	slices.Sort(paths)
	return paths
}

// equal reports whether two values of the same field, given by pointers, are equal.
func equal(a, b any) bool {
	switch a := a.(type) {
	case *string:
		return *a == *b.(*string)
	case *bool:
		return *a == *b.(*bool)
	case *int32:
		return *a == *b.(*int32)
	case *int64:
		return *a == *b.(*int64)
	case *time.Time:
		return a.Equal(*b.(*time.Time))
	case *[]string:
		return slices.Equal(*a, *b.(*[]string))
	case *map[string]string:
		return maps.Equal(*a, *b.(*map[string]string))
	}
	return false
}
