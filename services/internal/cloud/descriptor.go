package cloud

import (
	"regexp"
	"strings"
	"time"
)

// Descriptor describes one cloud. It does not change after it is registered.
type Descriptor struct {
	Provider Provider
	// Name is the short name for people: "AWS", "Google Cloud".
	Name string
	// Title is the cloud's full name.
	Title string
	// Account describes its accounts.
	Account Account
	// Kinds describes the kinds of instances that Rollcall reads there.
	Kinds []KindSupport
	// Zone matches the name of a zone; its first group is the zone's region.
	Zone *regexp.Regexp
	// Methods lists the ways to sign in. The first one is the default.
	Methods []Method
	// InstanceIDs match the provider ids that no other cloud and no person would give.
	InstanceIDs []*regexp.Regexp
	// InstanceURIs match the provider URIs of instances.
	InstanceURIs []*regexp.Regexp
	// Console returns the address of an instance's page in the cloud's console, or "" if there is
	// no such page.
	Console func(Resource) string
	// Environment lists the variables by which a process finds the cloud.
	Environment Environment
}

// Account describes the accounts of a cloud.
type Account struct {
	// Noun is the name of one account for people: "AWS account", "Google Cloud project".
	Noun string
	// Field is the field of rollcall.accounts.v1.Account, and of GetCredentialsResponse, that holds
	// the cloud's part: "aws".
	Field string
	// IDField is the field of that part that holds the cloud's own id: "account_id".
	IDField string
	// ID matches the cloud's own ids, as a whole.
	ID *regexp.Regexp
	// IDRule states the same for people: "12 digits".
	IDRule string
	// IDExample is such an id.
	IDExample string
	// Prefix begins the ids that accounts get by default: "aws-".
	Prefix string
}

// IDPath returns the path of the cloud's own id in an account: "aws.account_id".
func (a *Account) IDPath() string { return a.Field + "." + a.IDField }

// DefaultID returns the id that the account with this id of the cloud gets by default, such as
// "aws-100000000001". Dots and colons, which resource names do not have, become hyphens.
func (a *Account) DefaultID(cloudID string) string {
	return a.Prefix + strings.NewReplacer(".", "-", ":", "-").Replace(cloudID)
}

// KindSupport describes one kind of instance in a cloud.
type KindSupport struct {
	Kind Kind
	// Service is the cloud's name of the service that the instances belong to: "Amazon EC2".
	Service string
	// Scope is the size of the location that one listing covers.
	Scope Granularity
	// SelfRestart is how long a stopped instance stays stopped before the cloud starts it again
	// by itself; 0 if it stays stopped.
	SelfRestart time.Duration
}

// Granularity is the size of a scope.
type Granularity string

// The sizes of scopes.
const (
	Regional Granularity = "REGION"
	Zonal    Granularity = "ZONE"
)

// Resource identifies an instance for a link.
type Resource struct {
	Kind                          Kind
	CloudID                       string // of the account
	ProviderID, ProviderURI, Name string
	Region, Zone                  string
}

// Environment lists environment variables of a cloud's own tools.
type Environment struct {
	// Credentials name or hold credentials. If one of them is set and no credentials are found, it
	// is an error rather than an empty environment.
	Credentials []string
	// Endpoints redirect the cloud's APIs.
	Endpoints []string
}

// Kind returns the description of a kind; ok is false if Rollcall does not read it there.
func (d *Descriptor) Kind(kind Kind) (support KindSupport, ok bool) {
	for _, support := range d.Kinds {
		if support.Kind == kind {
			return support, true
		}
	}
	return KindSupport{}, false
}

// RegionOf returns the region of a location: of a zone the region that it is in, of everything
// else the location itself.
func (d *Descriptor) RegionOf(location string) string {
	if match := d.Zone.FindStringSubmatch(location); match != nil {
		return match[1]
	}
	return location
}

// ScopeLocation returns the location of the scope that an instance belongs to.
func (d *Descriptor) ScopeLocation(kind Kind, region, zone string) string {
	if support, _ := d.Kind(kind); support.Scope == Zonal {
		return zone
	}
	return region
}

// SelfRestart returns how long the cloud leaves an instance of this kind stopped; 0 if it does not
// start it by itself.
func (d *Descriptor) SelfRestart(kind Kind) time.Duration {
	support, _ := d.Kind(kind)
	return support.SelfRestart
}

// HasInstanceID reports whether a text has the form of one of the cloud's own instance ids.
func (d *Descriptor) HasInstanceID(text string) bool { return matchesAny(d.InstanceIDs, text) }

// HasInstanceURI reports whether a text has the form of one of the cloud's instance URIs.
func (d *Descriptor) HasInstanceURI(text string) bool { return matchesAny(d.InstanceURIs, text) }

func matchesAny(rules []*regexp.Regexp, text string) bool {
	for _, rule := range rules {
		if rule.MatchString(text) {
			return true
		}
	}
	return false
}
