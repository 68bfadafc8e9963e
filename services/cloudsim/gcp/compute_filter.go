package gcp

import (
	"slices"
	"strconv"
	"strings"
)

// filter is the filter of a list: of each clause one comparison must hold, because OR binds closer
// than AND (AIP-160). Of Compute Engine's operators, <, > and regular expressions are not
// simulated. Unknown operators are rejected, never ignored.
type filter [][]comparison

type comparison struct {
	field, value string
	negated      bool
	contains     bool
}

// parseFilter parses a filter such as `(status = RUNNING) AND (labels.env != prod)`.
func parseFilter(text string) (filter, error) {
	if strings.TrimSpace(text) == "" {
		return nil, nil
	}
	var all filter
	for part := range strings.SplitSeq(strings.ReplaceAll(text, ") (", ") AND ("), " AND ") {
		var clause []comparison
		for either := range strings.SplitSeq(part, " OR ") {
			c, ok := parseComparison(strings.Trim(strings.TrimSpace(either), "()"))
			if !ok {
				return nil, invalid("Invalid value for field 'filter': '%s'. Invalid list filter expression.", text)
			}
			clause = append(clause, c)
		}
		all = append(all, clause)
	}
	return all, nil
}

func parseComparison(text string) (comparison, bool) {
	for _, operator := range []struct {
		text     string
		negated  bool
		contains bool
	}{{"!=", true, false}, {" ne ", true, false}, {" eq ", false, false}, {"=", false, false}, {":", false, true}} {
		field, value, ok := strings.Cut(text, operator.text)
		if !ok {
			continue
		}
		field = strings.TrimSpace(field)
		value = strings.Trim(strings.TrimSpace(value), `"`)
		known := strings.HasPrefix(field, "labels.")
		switch field {
		case "name", "id", "status", "machineType", "zone", "scheduling.preemptible":
			known = true
		}
		return comparison{field, value, operator.negated, operator.contains}, known && !strings.ContainsAny(value, "()<>~")
	}
	return comparison{}, false
}

func (f filter) match(m *VM) bool {
	for _, clause := range f {
		if !slices.ContainsFunc(clause, func(c comparison) bool { return c.match(m) != c.negated }) {
			return false
		}
	}
	return true
}

func (c comparison) match(m *VM) bool {
	var value string
	switch c.field {
	case "name":
		value = m.Name
	case "id":
		value = strconv.FormatUint(m.ID, 10)
	case "status":
		value = string(m.State)
	case "zone":
		value = m.Zone
	case "machineType":
		value = m.Type
	case "scheduling.preemptible":
		value = strconv.FormatBool(m.Preemptible)
	default:
		key := strings.TrimPrefix(c.field, "labels.")
		if c.contains && c.value == "*" {
			for _, label := range m.Labels {
				if label.Key == key {
					return true
				}
			}
			return false
		}
		value = m.Label(key)
	}
	if c.contains {
		prefix, wild := strings.CutSuffix(c.value, "*")
		return wild && strings.HasPrefix(value, prefix) || value == c.value
	}
	return value == c.value
}
