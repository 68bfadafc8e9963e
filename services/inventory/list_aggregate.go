package inventory

import (
	"strconv"
	"strings"
	"time"

	"github.com/rollcall-dev/rollcall/services/internal/fault"
	"github.com/rollcall-dev/rollcall/services/internal/query"
)

// AggregateRequest is a request for counts of instances, with the texts of the API.
type AggregateRequest struct {
	GroupBy  []string
	Filter   string
	ShowGone bool
	// MaxStaleness and AsOf are as in ListRequest.
	MaxStaleness time.Duration
	AsOf         time.Time
}

// AggregateQuery is an AggregateRequest that was parsed.
type AggregateQuery struct {
	GroupBy      []GroupBy
	Filter       *query.Filter
	ShowGone     bool
	MaxStaleness time.Duration
	AsOf         time.Time
}

// GroupBy is a field, or the key of a label, that instances are counted by.
type GroupBy struct {
	// Field is nil for a label.
	Field *Field
	Label string
}

// Aggregate is the answer to an AggregateQuery. The largest group comes first.
type Aggregate struct {
	Groups    []Group
	Freshness Freshness
}

// Group is the number of instances that share a combination of values. The values are in the order of
// GroupBy.
type Group struct {
	Values []string
	Count  int64
}

const labelsPrefix = "labels."

// Parse parses the texts of the request. Errors: as ListRequest.Parse; INVALID_ARGUMENT that lists the
// fields that instances can be counted by.
func (r AggregateRequest) Parse() (AggregateQuery, error) {
	q := AggregateQuery{ShowGone: r.ShowGone, MaxStaleness: r.MaxStaleness, AsOf: r.AsOf}
	var err error
	if q.Filter, err = instanceSchema.ParseFilter(r.Filter); err != nil {
		return q, err
	}
	for n, path := range r.GroupBy {
		group, ok := parseGroup(path)
		if !ok {
			return q, unknownGroup(n, path)
		}
		q.GroupBy = append(q.GroupBy, group)
	}
	return q, nil
}

// parseGroup parses a path by proto or JSON names. The key of a label may be in quotes, as in filters.
func parseGroup(path string) (GroupBy, bool) {
	if key, ok := strings.CutPrefix(path, labelsPrefix); ok && key != "" {
		if bare, err := strconv.Unquote(key); err == nil {
			key = bare
		}
		return GroupBy{Label: CleanText(key)}, true
	}
	for _, f := range table {
		if f.Groupable && (path == f.Path || path == f.JSONPath) {
			return GroupBy{Field: f}, true
		}
	}
	return GroupBy{}, false
}

func unknownGroup(n int, path string) error {
	var paths []string
	for _, f := range table {
		if f.Groupable {
			paths = append(paths, f.Path)
		}
	}
	paths = append(paths, labelsPrefix+"KEY")
	return fault.Invalid("group_by["+strconv.Itoa(n)+"]", "can't be %q; instances are counted by %s", path, strings.Join(paths, ", "))
}
