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

// compose is deploy/compose.yaml, as far as these tests read it.
type compose struct {
	Services map[string]struct {
		Build struct {
			Context, Dockerfile string
			Args                map[string]string
		}
		// Environment has nil for what is passed through from outside.
		Environment map[string]*string
		Healthcheck struct{ Test []string }
	}

	// secrets are what make-secrets printed, and demo what demo.env holds.
	secrets, demo map[string]string
	// places maps SERVICE:PORT to where the test has it.
	places map[string]string
}

func readCompose(t *testing.T) *compose {
	t.Helper()
	content, err := os.ReadFile(filepath.Join(deploy, "compose.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	c := &compose{places: map[string]string{}}
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

// parseEnv reads an env file.
func parseEnv(content string) map[string]string {
	env := map[string]string{}
	for line := range strings.Lines(content) {
		if name, value, ok := strings.Cut(strings.TrimSpace(line), "="); ok && !strings.HasPrefix(name, "#") {
			env[name] = value
		}
	}
	return env
}

// listens matches the value of a variable that says where a program listens.
var listens = regexp.MustCompile(`^:\d+$`)

// place finds a free loopback port for each port that a service listens on, and a folder for each volume of its own.
func (c *compose) place(t *testing.T) {
	t.Helper()
	c.places["/keys/"] = t.TempDir() + "/"
	for name, s := range c.Services {
		for _, value := range s.Environment {
			if value == nil || !listens.MatchString(*value) {
				continue
			}
			c.places[name+*value] = servetest.Address(t)
		}
	}
}

// at is where SERVICE:PORT of compose.yaml is in the test.
func (c *compose) at(place string) string { return c.places[place] }

var reference = regexp.MustCompile(`\$\{(\w+)(?::[-?]([^}]*))?\}`)

// env is the environment of one service, with variables filled in and addresses replaced by the test's own.
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
				t.Errorf("%s of %s wants %s, which make-secrets does not make", variable, name, m[1])
			}
			return m[2]
		})
		if listens.MatchString(text) {
			text = c.places[name+text]
		}
		for place, addr := range c.places {
			text = strings.ReplaceAll(text, place, addr)
		}
		env[variable] = text
	}
	return env
}

// healthAddrs are the addresses that the health checks of our services ask.
func (c *compose) healthAddrs(t *testing.T) map[string]string {
	t.Helper()
	addrs := map[string]string{}
	for name, s := range c.Services {
		if len(s.Healthcheck.Test) < 2 || s.Healthcheck.Test[1] != "/grpc-health-probe" {
			continue
		}
		port, ok := strings.CutPrefix(s.Healthcheck.Test[2], "-addr=localhost")
		addr := c.places[name+port]
		if !ok || addr == "" {
			t.Errorf("the health check of %s asks %v, where it does not listen", name, s.Healthcheck.Test)
		}
		addrs[name] = addr
	}
	return addrs
}
