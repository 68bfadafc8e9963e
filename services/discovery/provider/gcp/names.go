package gcp

import (
	"maps"
	"slices"
	"strings"
	"time"
)

// regionOf returns the region of a zone: europe-west1 for europe-west1-b.
func regionOf(zone string) string {
	if end := strings.LastIndexByte(zone, '-'); end > 0 {
		return zone[:end]
	}
	return zone
}

// regionsOf returns the regions of zones, sorted.
func regionsOf(zones []string) []string {
	names := map[string]bool{}
	for _, zone := range zones {
		names[regionOf(zone)] = true
	}
	return slices.Sorted(maps.Keys(names))
}

// zoneIn returns the zone in the name of a scope or in a URL: `zones/europe-west1-b`,
// `projects/p/zones/europe-west1-b`, `https://…/zones/europe-west1-b/…`. It returns "" if there is
// none.
func zoneIn(path string) string { return segmentAfter(path, "zones") }

// segmentAfter returns the segment of a path that follows a collection, or "" if there is none.
func segmentAfter(path, collection string) string {
	rest := path
	for rest != "" {
		segment, more, _ := strings.Cut(rest, "/")
		if segment == collection {
			name, _, _ := strings.Cut(more, "/")
			return name
		}
		rest = more
	}
	return ""
}

// lastSegment returns the last segment of a path.
func lastSegment(path string) string { return path[strings.LastIndexByte(path, '/')+1:] }

// relativeName returns the name of a resource from its URL, without the host and the version of the
// API: projects/my-project/global/networks/default.
func relativeName(url string) string {
	if start := strings.Index(url, "projects/"); start >= 0 {
		return url[start:]
	}
	return url
}

// parseTime parses a timestamp of Google's APIs. It returns the zero time if there is none.
func parseTime(text string) time.Time {
	t, err := time.Parse(time.RFC3339, text)
	if err != nil {
		return time.Time{}
	}
	return t.UTC()
}

// addUnique appends an address unless it is empty or a duplicate.
func addUnique(addresses []string, address string) []string {
	if address == "" || slices.Contains(addresses, address) {
		return addresses
	}
	return append(addresses, address)
}
