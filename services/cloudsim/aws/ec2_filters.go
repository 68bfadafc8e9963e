package aws

import (
	"net/http"
	"path"
	"slices"
	"strconv"
	"strings"
)

// filter is one of a request's filters: a name, and the values of which one must match.
type filter struct {
	name   string
	values []string
}

type filters []filter

// parseFilters parses Filter.N.Name and Filter.N.Value.M. It rejects names that are not in known;
// "tag" stands for all names that begin with tag:.
func parseFilters(req *request, known ...string) (filters, error) {
	var list filters
	for i := 1; ; i++ {
		prefix := "Filter." + strconv.Itoa(i)
		name := req.form.Get(prefix + ".Name")
		if name == "" {
			return list, nil
		}
		if !slices.Contains(known, name) && !(slices.Contains(known, "tag") && strings.HasPrefix(name, "tag:")) {
			return nil, fail(http.StatusBadRequest, "InvalidParameterValue", "The filter '%s' is invalid", name)
		}
		values := req.list(prefix + ".Value")
		if len(values) == 0 {
			return nil, fail(http.StatusBadRequest, "InvalidParameterValue", "The filter '%s' has no values", name)
		}
		list = append(list, filter{name, values})
	}
}

// match reports whether a resource passes all filters. valuesOf returns the resource's values for a
// filter's name.
func (fs filters) match(valuesOf func(name string) []string) bool {
	for _, f := range fs {
		if !slices.ContainsFunc(valuesOf(f.name), f.accepts) {
			return false
		}
	}
	return true
}

// accepts reports whether a value matches one of the filter's values, which may contain the
// wildcards * and ?.
func (f filter) accepts(value string) bool {
	return slices.ContainsFunc(f.values, func(pattern string) bool {
		if !strings.ContainsAny(pattern, `*?\`) {
			return pattern == value
		}
		// path.Match has the same wildcards, but treats / and [ specially.
		swap := strings.NewReplacer("/", "\x00", "[", `\[`)
		ok, err := path.Match(swap.Replace(pattern), strings.ReplaceAll(value, "/", "\x00"))
		return err == nil && ok
	})
}

var instanceFilters = []string{
	"instance-id", "instance-state-name", "instance-state-code", "instance-type", "instance-lifecycle", "architecture",
	"availability-zone", "image-id", "vpc-id", "subnet-id", "private-ip-address", "ip-address", "reservation-id",
	"owner-id", "platform-details", "tag-key", "tag",
}

// instanceValues returns an instance's values for the name of a filter.
func instanceValues(m *Instance, account, name string) []string {
	if key, ok := strings.CutPrefix(name, "tag:"); ok {
		for _, t := range m.Tags {
			if t.Key == key {
				return []string{t.Value}
			}
		}
		return nil
	}
	switch name {
	case "instance-id":
		return []string{m.ID}
	case "instance-state-name":
		return []string{m.State.String()}
	case "instance-state-code":
		return []string{strconv.Itoa(m.State.Code())}
	case "reservation-id":
		return []string{reservationID(m)}
	case "owner-id":
		return []string{account}
	case "tag-key":
		keys := make([]string, len(m.Tags))
		for i, t := range m.Tags {
			keys[i] = t.Key
		}
		return keys
	}
	if m.Bare {
		return nil
	}
	return detailValues(m, name)
}

// detailValues returns the values that bare instances do not have.
func detailValues(m *Instance, name string) []string {
	switch name {
	case "instance-type":
		return []string{m.Type}
	case "instance-lifecycle":
		if m.Spot {
			return []string{"spot"}
		}
		return nil
	case "architecture":
		return []string{m.Image.Arch}
	case "platform-details":
		return []string{m.Image.Platform}
	case "image-id":
		return []string{m.Image.ID}
	case "availability-zone":
		return []string{m.Network.Zone}
	}
	if m.State == Terminated {
		return nil
	}
	switch name {
	case "vpc-id":
		return []string{m.Network.VPC}
	case "subnet-id":
		return []string{m.Network.Subnet}
	case "private-ip-address":
		return []string{m.PrivateIP.String()}
	case "ip-address":
		if hasPublicIP(m) {
			return []string{m.PublicIP.String()}
		}
	}
	return nil
}
