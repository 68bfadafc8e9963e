package gcp

import (
	"slices"
	"strconv"
	"strings"
)

// operationFields are the fields of an operation that a filter can compare.
var operationFields = map[string]func(Operation) string{
	"targetId":          func(op Operation) string { return strconv.FormatUint(op.TargetID, 10) },
	"operationType":     func(op Operation) string { return op.Kind },
	"name":              func(op Operation) string { return op.Name },
	"clientOperationId": func(op Operation) string { return op.RequestID },
}

// listOperations lists the operations of a zone, newest first, without paging. A filter may use =,
// AND and OR, of which OR binds closer.
func listOperations(req *request, d *document) error {
	ops, err := req.cloud.Operations(req.project.ID, req.call.Region, "")
	if err != nil {
		return err
	}
	wanted, err := parseOperationFilter(req.query.Get("filter"))
	if err != nil {
		return err
	}
	d.object("")
	d.word("kind", "compute#operationList")
	d.array("items")
	for _, op := range slices.Backward(ops) {
		if wanted.match(op) {
			d.operation(req, op)
		}
	}
	d.endArray()
	d.endObject()
	return nil
}

// operationFilter is a list of clauses that must all hold. A clause holds if one of its comparisons
// does.
type operationFilter [][][2]string

func parseOperationFilter(text string) (operationFilter, error) {
	if strings.TrimSpace(text) == "" {
		return nil, nil
	}
	var all operationFilter
	for part := range strings.SplitSeq(strings.ReplaceAll(text, ") (", ") AND ("), " AND ") {
		var clause [][2]string
		for either := range strings.SplitSeq(part, " OR ") {
			field, value, ok := strings.Cut(strings.Trim(strings.TrimSpace(either), "()"), "=")
			field = strings.TrimSpace(field)
			if _, known := operationFields[field]; !ok || !known {
				return nil, invalid("Invalid value for field 'filter': '%s'. Invalid list filter expression.", text)
			}
			clause = append(clause, [2]string{field, strings.Trim(strings.TrimSpace(value), `"`)})
		}
		all = append(all, clause)
	}
	return all, nil
}

func (f operationFilter) match(op Operation) bool {
	for _, clause := range f {
		if !slices.ContainsFunc(clause, func(c [2]string) bool { return operationFields[c[0]](op) == c[1] }) {
			return false
		}
	}
	return true
}
