package e2e

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"

	"github.com/rollcall-dev/rollcall/services/internal/servetest"
)

// compose is the part of deploy/compose.yaml that the tests use.
type compose struct {
	Services map[string]struct {
		Build struct {
			Context, Dockerfile string
			Args                map[string]string
		}
		// Environment has nil for variables that are passed through from outside.
		Environment map[string]*string
		Healthcheck struct{ Test []string }
	}

	// secrets is the output of make-secrets, and demo the content of demo.env.
	secrets, demo map[string]string
	// addrs maps SERVICE:PORT to the address in the test.
	addrs map[string]string
}

func readCompose(t *testing.T) *compose {
	t.Helper()
	content, err := os.ReadFile(filepath.Join(deploy, "compose.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	c := &compose{addrs: map[string]string{}}
	if err := yaml.Unmarshal(content, c); err != nil {
		t.Fatal(err)
	}
	secrets, err := exec.CommandContext(t.Context(), filepath.Join(deploy, "make-secrets")).Output()
	if err != nil {
		t.Fatal(err)
	}
	demo, err := os.ReadFile(filepath.Join(deploy, "demo.env"))
	if err != nil {
		t.Fatal(err)
	}
	c.secrets, c.demo = parseEnv(string(secrets)), parseEnv(string(demo))
	return c
}

// parseEnv parses an env file.
func parseEnv(content string) map[string]string {
	env := map[string]string{}
	for line := range strings.Lines(content) {
		if name, value, ok := strings.Cut(strings.TrimSpace(line), "="); ok && !strings.HasPrefix(name, "#") {
			env[name] = value
		}
	}
	return env
}

// listenAddr matches the value of a variable with the address on which a program listens.
var listenAddr = regexp.MustCompile(`^:\d+$`)

// assignAddrs assigns an address to each port on which a service listens, and a folder to each
// volume.
func (c *compose) assignAddrs(t *testing.T) {
	t.Helper()
	c.addrs["/keys/"] = t.TempDir() + "/"
	for name, service := range c.Services {
		for _, value := range service.Environment {
			if value != nil && listenAddr.MatchString(*value) {
				c.addrs[name+*value] = servetest.Address(t)
			}
		}
	}
}

// addr returns the address in the test of SERVICE:PORT in compose.yaml.
func (c *compose) addr(service string) string { return c.addrs[service] }

var reference = regexp.MustCompile(`\$\{(\w+)(?::[-?]([^}]*))?\}`)

// env returns the environment of a service, with its variables expanded and its addresses replaced
// by those of the test.
func (c *compose) env(t *testing.T, name string) map[string]string {
	t.Helper()
	env := map[string]string{}
	for variable, value := range c.Services[name].Environment {
		if value == nil { // passed through
			given, ok := c.demo[variable]
			if !ok {
				continue
			}
			value = &given
		}
		text := reference.ReplaceAllStringFunc(*value, func(ref string) string {
			m := reference.FindStringSubmatch(ref)
			if given, ok := c.secrets[m[1]]; ok {
				return given
			}
			if !strings.Contains(ref, ":-") {
				t.Errorf("%s of %s refers to %s, which make-secrets does not print", variable, name, m[1])
			}
			return m[2]
		})
		if listenAddr.MatchString(text) {
			text = c.addrs[name+text]
		}
		for service, addr := range c.addrs {
			text = strings.ReplaceAll(text, service, addr)
		}
		env[variable] = text
	}
	return env
}

// healthAddrs returns the addresses of the health checks of our services.
func (c *compose) healthAddrs(t *testing.T) map[string]string {
	t.Helper()
	addrs := map[string]string{}
	for name, s := range c.Services {
		if len(s.Healthcheck.Test) < 2 || s.Healthcheck.Test[1] != "/grpc-health-probe" {
			continue
		}
		port, ok := strings.CutPrefix(s.Healthcheck.Test[2], "-addr=localhost")
		addr := c.addrs[name+port]
		if !ok || addr == "" {
			t.Errorf("the health check of %s is %v, where it does not listen", name, s.Healthcheck.Test)
		}
		addrs[name] = addr
	}
	return addrs
}
