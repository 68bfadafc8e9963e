package keyfile

import (
	"errors"
	"net"
	"net/url"
	"strings"
)

// Hosts are the hosts that key files may name beside Google's own, as an
// operator allows them: `host:port`, many with commas between. A host without a
// port is allowed on the port of the scheme. The operator vouches for them:
// http is fine.
type Hosts struct{ allowed []string }

// NewHosts reads hosts, each `host:port` or `host`.
func NewHosts(hosts ...string) (Hosts, error) {
	var h Hosts
	for _, host := range hosts {
		host = strings.ToLower(strings.TrimSpace(host))
		if host == "" {
			continue
		}
		if strings.ContainsAny(host, "/@?#*% ") {
			return Hosts{}, errors.New("allowed token hosts must be host:port, with commas between")
		}
		h.allowed = append(h.allowed, host)
	}
	return h, nil
}

// UnmarshalText reads a list with commas between; an empty text is none.
func (h *Hosts) UnmarshalText(text []byte) (err error) {
	*h, err = NewHosts(strings.Split(string(text), ",")...)
	return err
}

// String is the list, with commas between.
func (h Hosts) String() string { return strings.Join(h.allowed, ",") }

// Allow tells whether the operator allows the host of an address.
func (h Hosts) Allow(address *url.URL) bool {
	port := address.Port()
	if port == "" {
		port = map[string]string{"https": "443", "http": "80"}[address.Scheme]
	}
	if port == "" {
		return false
	}
	full := net.JoinHostPort(strings.ToLower(address.Hostname()), port)
	for _, allowed := range h.allowed {
		if allowed == full || (address.Port() == "" && allowed == strings.ToLower(address.Host)) {
			return true
		}
	}
	return false
}
