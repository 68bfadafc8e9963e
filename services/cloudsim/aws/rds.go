package aws

import (
	"encoding/base64"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"github.com/rollcall-dev/rollcall/services/cloudsim"
)

// rds implements Amazon RDS.
type rds struct{}

const (
	rdsVersion   = "2014-10-31"
	rdsNamespace = "http://rds.amazonaws.com/doc/" + rdsVersion + "/"
)

var rdsActions = rdsAnswers(map[string]action{
	"DescribeDBInstances":    describeDBInstances,
	"DescribeDBClusters":     describeDBClusters,
	"StartDBInstance":        changeDatabase(startDBInstance),
	"StopDBInstance":         changeDatabase(stopDBInstance),
	"DeleteDBInstance":       changeDatabase(deleteDBInstance),
	"ModifyDBInstance":       changeDatabase(modifyDBInstance),
	"StartDBCluster":         changeCluster((*Cloud).StartCluster),
	"StopDBCluster":          changeCluster((*Cloud).StopCluster),
	"AddTagsToResource":      addTagsToResource,
	"RemoveTagsFromResource": removeTagsFromResource,
})

// rdsAnswers wraps the content of every action in RDS's response envelope.
func rdsAnswers(contents map[string]action) map[string]action {
	for name, content := range contents {
		contents[name] = queryAnswer(name, rdsNamespace, content)
	}
	return contents
}

func (rds) version() string            { return rdsVersion }
func (rds) actions() map[string]action { return rdsActions }
func (rds) narrowed(url.Values) bool   { return true }

func (rds) reads(form url.Values) cloudsim.Request {
	named := form.Has("DBInstanceIdentifier") || form.Has("DBClusterIdentifier") ||
		names(form, "Filters.Filter.", "db-instance-id", "dbi-resource-id")
	return asked(form, "Marker", named)
}

func (rds) writeError(d *document, f *failure, requestID string) {
	writeQueryError(d, rdsNamespace, f, requestID)
}

// rdsPage is a request's MaxRecords and Marker.
type rdsPage struct {
	limit int
	after string // the last ID of the previous page
}

// parseRDSPage parses the paging parameters. MaxRecords is 20 to 100. Default: 100.
func parseRDSPage(req *request) (rdsPage, error) {
	page := rdsPage{limit: 100}
	if given := req.form.Get("MaxRecords"); given != "" {
		n, err := strconv.Atoi(given)
		if err != nil || n < 20 || n > 100 {
			return page, fail(http.StatusBadRequest, "InvalidParameterValue", "Invalid value %s for MaxRecords. Must be between 20 and 100", given)
		}
		page.limit = n
	}
	if marker := req.form.Get("Marker"); marker != "" {
		raw, err := base64.RawURLEncoding.DecodeString(marker)
		after, ok := strings.CutPrefix(string(raw), markerPrefix(req.call))
		if err != nil || !ok {
			return page, fail(http.StatusBadRequest, "InvalidParameterValue", "The Marker parameter is not valid.")
		}
		page.after = after
	}
	return page, nil
}

// marker returns an opaque token for the position after a page. Databases are sorted by ID, so
// pages do not repeat or skip databases while others come and go.
func marker(call cloudsim.Call, last string) string {
	return base64.RawURLEncoding.EncodeToString([]byte(markerPrefix(call) + last))
}

func markerPrefix(call cloudsim.Call) string {
	return call.Account + "/" + call.Region + "/" + call.Action + "/"
}

// parseRDSFilters parses Filters.Filter.N.Name and Filters.Filter.N.Values.Value.M. known lists the
// allowed names, separated by spaces.
func parseRDSFilters(req *request, known string) (filters, error) {
	var list filters
	for i := 1; ; i++ {
		prefix := "Filters.Filter." + strconv.Itoa(i)
		name := req.form.Get(prefix + ".Name")
		if name == "" {
			return list, nil
		}
		if !strings.Contains(" "+known+" ", " "+name+" ") {
			return nil, fail(http.StatusBadRequest, "InvalidParameterValue", "Unrecognized filter name: %s", name)
		}
		values := req.list(prefix + ".Values.Value")
		for i, v := range values { // an ARN is equivalent to the id in it
			if strings.HasPrefix(v, "arn:") {
				values[i] = v[strings.LastIndexByte(v, ':')+1:]
			}
		}
		list = append(list, filter{name, values})
	}
}

// page filters a sorted list and writes a page of it. The marker precedes the list, as in RDS's
// responses.
func page[T any](req *request, d *document, element string, all []T, id func(*T) string, match func(*T) bool, write func(*T)) error {
	p, err := parseRDSPage(req)
	if err != nil {
		return err
	}
	if req.faults.Has(cloudsim.Empty) {
		all = nil
	}
	p.limit = req.world.PageSize(p.limit)
	var chosen []*T
	honest := ""
	for i := range all {
		if id(&all[i]) <= p.after || !match(&all[i]) || req.faults.LeavesOut(id(&all[i])) {
			continue
		}
		if len(chosen) == p.limit {
			honest = marker(req.call, id(chosen[len(chosen)-1]))
			break
		}
		chosen = append(chosen, &all[i])
	}
	d.optional("Marker", req.faults.NextToken(req.form.Get("Marker"), honest, marker(req.call, p.after)))
	d.open(element)
	for _, item := range chosen {
		write(item)
	}
	d.close(element)
	return nil
}
