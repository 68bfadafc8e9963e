package cloudsim

import (
	"cmp"
	"slices"
)

// Tag is a tag or label of a resource. Keys are unique within a resource.
type Tag struct {
	Key, Value string
}

// FindTag returns the value of a tag, "" if there is none.
func FindTag(tags []Tag, key string) string {
	for i := range tags {
		if tags[i].Key == key {
			return tags[i].Value
		}
	}
	return ""
}

// MergeTags returns a new list, sorted by key, with the tags in set added or replaced and those in
// drop removed.
func MergeTags(tags []Tag, set map[string]string, drop []string) []Tag {
	merged := make([]Tag, 0, len(tags)+len(set))
	for _, t := range tags {
		if _, replaced := set[t.Key]; !replaced && !slices.Contains(drop, t.Key) {
			merged = append(merged, t)
		}
	}
	for k, v := range set {
		merged = append(merged, Tag{k, v})
	}
	slices.SortFunc(merged, func(a, b Tag) int { return cmp.Compare(a.Key, b.Key) })
	return merged
}
