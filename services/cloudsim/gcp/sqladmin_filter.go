package gcp

import (
	"net/http"
	"slices"
	"strings"
)

// sqlFilter is the filter of Cloud SQL's list, `state:RUNNABLE name:a OR name:b`: of each clause
// one comparison must hold. Unknown fields are rejected, never ignored.
type sqlFilter [][][2]string

func parseSQLFilter(text string) (sqlFilter, error) {
	var all sqlFilter
	joins := false // the next comparison belongs to the last clause
	for word := range strings.FieldsSeq(text) {
		if word == "OR" && len(all) > 0 {
			joins = true
			continue
		}
		if word == "AND" {
			continue
		}
		field, value, ok := strings.Cut(word, ":")
		if !ok || !slices.Contains([]string{"name", "region", "state"}, field) {
			return nil, fail(http.StatusBadRequest, "INVALID_ARGUMENT", "invalidRequest", "Invalid request: Invalid filter: %s.", text)
		}
		c := [2]string{field, strings.Trim(value, `"`)}
		if joins {
			all[len(all)-1] = append(all[len(all)-1], c)
		} else {
			all = append(all, [][2]string{c})
		}
		joins = false
	}
	return all, nil
}

func (f sqlFilter) match(i *SQLInstance) bool {
	for _, clause := range f {
		if !slices.ContainsFunc(clause, func(c [2]string) bool { return sqlValue(i, c[0]) == c[1] }) {
			return false
		}
	}
	return true
}

func sqlValue(i *SQLInstance, field string) string {
	switch field {
	case "name":
		return i.Name
	case "region":
		return i.Region
	}
	return string(i.State)
}
