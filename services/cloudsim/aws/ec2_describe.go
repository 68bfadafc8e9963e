package aws

import (
	"encoding/hex"
	"net/http"
	"strconv"
	"strings"

	"github.com/rollcall-dev/rollcall/services/cloudsim"
)

const (
	minPage = 5
	maxPage = 1000 // also EC2's default
)

// describeInstances lists a page of instances, or the instances with the given ids.
func describeInstances(req *request, d *document) error {
	ids := req.list("InstanceId")
	filters, err := parseFilters(req, instanceFilters...)
	if err != nil {
		return err
	}
	limit, err := pageSize(req, ids)
	if err != nil {
		return err
	}
	limit = req.world.PageSize(limit)
	if len(ids) > 0 {
		return describeNamed(req, d, ids, filters)
	}
	presented := req.form.Get("NextToken")
	after, err := parsePageToken(req.call, presented)
	if err != nil {
		return err
	}
	list := reservations{d: d, account: req.call.Account}
	var last, next uint64
	d.raw("<reservationSet>")
	err = req.cloud.Scan(req.call.Account, req.call.Region, after, func(m *Instance) bool {
		if req.faults.Has(cloudsim.Empty) {
			return false
		}
		if req.faults.LeavesOut(m.ID) {
			return true
		}
		if len(filters) > 0 && !filters.match(func(name string) []string { return instanceValues(m, req.call.Account, name) }) {
			return true
		}
		if list.count == limit {
			next = last
			return false
		}
		list.add(m)
		last = m.Seq
		return true
	})
	if err != nil {
		return err
	}
	list.end()
	d.raw("</reservationSet>")
	honest := ""
	if next > 0 {
		honest = pageToken(req.call, next)
	}
	d.optional("nextToken", req.faults.NextToken(presented, honest, pageToken(req.call, after)))
	return nil
}

// pageSize parses MaxResults.
func pageSize(req *request, ids []string) (int, error) {
	given := req.form.Get("MaxResults")
	if given == "" {
		return maxPage, nil
	}
	if len(ids) > 0 {
		return 0, fail(http.StatusBadRequest, "InvalidParameterCombination", "The parameter instancesSet cannot be used with the parameter maxResults")
	}
	n, err := strconv.Atoi(given)
	if err != nil || n < minPage || n > maxPage {
		return 0, fail(http.StatusBadRequest, "InvalidParameterValue", "Value ( %s ) for parameter maxResults is invalid. "+
			"Expecting a value between %d and %d.", given, minPage, maxPage)
	}
	return n, nil
}

// describeNamed lists the instances with the given ids. It fails if one does not exist.
func describeNamed(req *request, d *document, ids []string, filters filters) error {
	if err := checkIDs(ids); err != nil {
		return err
	}
	list := reservations{d: d, account: req.call.Account}
	var missing []string
	seen := make(map[string]bool, len(ids))
	d.raw("<reservationSet>")
	for _, id := range ids {
		if seen[id] || req.faults.Has(cloudsim.Empty) || req.faults.LeavesOut(id) {
			continue
		}
		seen[id] = true
		m, err := req.cloud.Instance(req.call.Account, req.call.Region, id)
		switch {
		case err != nil:
			missing = append(missing, id)
		case filters.match(func(name string) []string { return instanceValues(&m, req.call.Account, name) }):
			list.add(&m)
		}
	}
	list.end()
	d.raw("</reservationSet>")
	return notFound(missing)
}

// checkIDs rejects ids that are not i- with 8 or 17 hexadecimal digits.
func checkIDs(ids []string) error {
	for _, id := range ids {
		digits, ok := strings.CutPrefix(id, "i-")
		padded := digits
		if len(padded)%2 == 1 {
			padded = "0" + padded
		}
		if _, err := hex.DecodeString(padded); !ok || err != nil || len(digits) != 8 && len(digits) != 17 {
			return fail(http.StatusBadRequest, "InvalidInstanceID.Malformed", `Invalid id: "%s"`, id)
		}
	}
	return nil
}

// notFound returns the failure that names the missing ids, nil if there are none.
func notFound(missing []string) error {
	switch len(missing) {
	case 0:
		return nil
	case 1:
		return fail(http.StatusBadRequest, "InvalidInstanceID.NotFound", "The instance ID '%s' does not exist", missing[0])
	default:
		return fail(http.StatusBadRequest, "InvalidInstanceID.NotFound", "The instance IDs '%s' do not exist", strings.Join(missing, ", "))
	}
}

// reservations writes instances, grouped by the reservation they were launched in.
type reservations struct {
	d       *document
	account string
	current uint64 // the open reservation
	opened  bool
	count   int
}

func (l *reservations) add(m *Instance) {
	if !l.opened || l.current != m.Reservation {
		l.end()
		l.opened, l.current = true, m.Reservation
		l.d.raw("<item>")
		l.d.word("reservationId", reservationID(m))
		l.d.word("ownerId", l.account)
		l.d.raw("<groupSet/><instancesSet>")
	}
	l.d.instance(m, l.account)
	l.count++
}

func (l *reservations) end() {
	if l.opened {
		l.d.raw("</instancesSet></item>")
		l.opened = false
	}
}
