package gcp

import (
	"fmt"
	"net/url"
	"os"
	"strings"
)

// The variables that gcloud reads too (gcloud topic configurations,
// api_endpoint_overrides).
const (
	computeVariable = "CLOUDSDK_API_ENDPOINT_OVERRIDES_COMPUTE"
	sqlVariable     = "CLOUDSDK_API_ENDPOINT_OVERRIDES_SQL"
	iamVariable     = "CLOUDSDK_API_ENDPOINT_OVERRIDES_IAMCREDENTIALS"
)

// endpoints are where Google's APIs are.
type endpoints struct {
	// compute has neither the path of the version, compute/v1, nor a slash at its end.
	compute string
	// sql ends in a slash; beta tells that it serves the older paths,
	// sql/v1beta4/….
	sql  string
	beta bool
	// iam ends in a slash.
	iam string
}

// findEndpoints takes each from the configuration, the environment, or Google.
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

// endpoint is an address that ends in a slash.
func endpoint(configured, variable, usual string) (string, error) {
	given := configured
	if given == "" {
		given = os.Getenv(variable)
	}
	if given == "" {
		return usual, nil
	}
	u, err := url.Parse(given)
	if err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http" {
		return "", fmt.Errorf("%s must be an address, https://…", variable)
	}
	u.RawQuery, u.Fragment = "", ""
	return strings.TrimSuffix(u.String(), "/") + "/", nil
}
