package gcp

import (
	"slices"
	"strconv"
	"strings"

	"github.com/rollcall-dev/rollcall/services/cloudsim"
)

// operationFields are the fields of an operation that a list's filter may name.
var operationFields = map[string]func(cloudsim.Operation) string{
	"targetId":          func(op cloudsim.Operation) string { return strconv.FormatUint(op.TargetID, 10) },
	"operationType":     func(op cloudsim.Operation) string { return op.Kind },
	"name":              func(op cloudsim.Operation) string { return op.Name },
	"clientOperationId": func(op cloudsim.Operation) string { return op.RequestID },
}

// listOperations lists the operations of a zone, newest first. All come at once. A filter may compare by = and AND.
func listOperations(req *request, d *document) error {
	ops, err := req.world.Operations(req.project.ID, req.call.Region, "")
	if err != nil {
		return err
	}
	wanted := map[string]string{}
	if filter := req.query.Get("filter"); filter != "" {
		for part := range strings.SplitSeq(strings.ReplaceAll(filter, ") (", ") AND ("), " AND ") {
			field, value, ok := strings.Cut(strings.Trim(strings.TrimSpace(part), "()"), "=")
			field = strings.TrimSpace(field)
			if _, known := operationFields[field]; !ok || !known {
				return invalid("Invalid value for field 'filter': '%s'. Invalid list filter expression.", filter)
			}
			wanted[field] = strings.Trim(strings.TrimSpace(value), `"`)
		}
	}
	d.object("")
	d.word("kind", "compute#operationList")
	d.array("items")
	for _, op := range slices.Backward(ops) {
		matches := true
		for field, value := range wanted {
			matches = matches && operationFields[field](op) == value
		}
		if matches {
			d.operation(req, op)
		}
	}
	d.endArray()
	d.endObject()
	return nil
}
