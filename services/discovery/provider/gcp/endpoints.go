package gcp

import (
	"fmt"
	"net/url"
	"os"
	"strings"
)

// The variables for endpoints, which gcloud reads too (gcloud topic configurations,
// api_endpoint_overrides).
const (
	computeVariable = "CLOUDSDK_API_ENDPOINT_OVERRIDES_COMPUTE"
	sqlVariable     = "CLOUDSDK_API_ENDPOINT_OVERRIDES_SQL"
	iamVariable     = "CLOUDSDK_API_ENDPOINT_OVERRIDES_IAMCREDENTIALS"
)

// endpoints are the addresses of Google's APIs.
type endpoints struct {
	// compute has neither a slash at its end nor the path of the version, compute/v1, which the
	// generated client appends.
	compute string
	// sql ends in a slash. beta reports whether it serves the older paths, sql/v1beta4/….
	sql  string
	beta bool
	// iam ends in a slash.
	iam string
}

// findEndpoints takes each endpoint from the configuration, else from the environment, else
// Google's own.
func findEndpoints(config Config) (endpoints, error) {
	var e endpoints
	compute, err := endpoint(config.ComputeEndpoint, computeVariable, "https://compute.googleapis.com/")
	if err != nil {
		return e, err
	}
	e.compute = strings.TrimSuffix(strings.TrimSuffix(compute, "compute/v1/"), "/")
	if e.sql, err = endpoint(config.SQLEndpoint, sqlVariable, "https://sqladmin.googleapis.com/"); err != nil {
		return e, err
	}
	e.sql, e.beta = strings.CutSuffix(e.sql, "sql/v1beta4/")
	e.sql = strings.TrimSuffix(strings.TrimSuffix(e.sql, "v1/"), "sql/")
	e.iam, err = endpoint(config.IAMEndpoint, iamVariable, "https://iamcredentials.googleapis.com/")
	return e, err
}

// endpoint returns a URL that ends in a slash.
func endpoint(configured, variable, standard string) (string, error) {
	given := configured
	if given == "" {
		given = os.Getenv(variable)
	}
	if given == "" {
		return standard, nil
	}
	u, err := url.Parse(given)
	if err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http" {
		return "", fmt.Errorf("%s must be a URL, https://…", variable)
	}
	u.RawQuery, u.Fragment = "", ""
	return strings.TrimSuffix(u.String(), "/") + "/", nil
}
