package keyfile

import (
	"errors"
	"net"
	"net/url"
	"strings"
)

// Hosts lists the hosts that key files may contain in addition to Google's, as the
// operator allows them: `host:port`, separated by commas. A host without a port is
// allowed on the default port of the scheme. Both http and https are allowed.
type Hosts struct{ allowed []string }

// NewHosts parses hosts, each of which is `host:port` or `host`.
func NewHosts(hosts ...string) (Hosts, error) {
	var h Hosts
	for _, host := range hosts {
		host = strings.ToLower(strings.TrimSpace(host))
		if host == "" {
			continue
		}
		if strings.ContainsAny(host, "/@?#*% ") {
			return Hosts{}, errors.New("allowed token hosts must be host:port, separated by commas")
		}
		h.allowed = append(h.allowed, host)
	}
	return h, nil
}

// UnmarshalText parses a list that is separated by commas. An empty text is an empty
// list.
func (h *Hosts) UnmarshalText(text []byte) (err error) {
	*h, err = NewHosts(strings.Split(string(text), ",")...)
	return err
}

// String returns the list, separated by commas.
func (h Hosts) String() string { return strings.Join(h.allowed, ",") }

// Allow reports whether the operator allows the host of a URL.
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
