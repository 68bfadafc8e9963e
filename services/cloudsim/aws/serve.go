package aws

import (
	"fmt"
	"strings"

	"github.com/rollcall-dev/rollcall/services/cloudsim"
)

// Server serves the AWS of a world on a port of its own.
type Server struct {
	// URL is the value for AWS_ENDPOINT_URL, such as http://127.0.0.1:40001.
	URL   string
	World *cloudsim.World
	Cloud *Cloud

	server *cloudsim.Server
}

// Serve starts to serve the AWS of a world on a free loopback port. Close ends it.
func Serve(world *cloudsim.World) (*Server, error) { return ServeOn(world, "127.0.0.1:0") }

// ServeOn is like Serve, but listens on a given host:port.
func ServeOn(world *cloudsim.World, addr string) (*Server, error) {
	server, err := cloudsim.Serve(addr, NewHandler(world))
	if err != nil {
		return nil, err
	}
	return &Server{URL: server.URL(), World: world, Cloud: In(world), server: server}, nil
}

// Wait returns when the server has ended, nil after Close.
func (s *Server) Wait() error { return s.server.Wait() }

// Close ends the server and all its connections at once, including those that a fault keeps open.
func (s *Server) Close() error { return s.server.Close() }

// Env returns the environment variables that point an AWS SDK or the AWS CLI at the server, with
// the key of an account's user.
func (s *Server) Env(accountID string) map[string]string {
	key := s.Cloud.Key(accountID)
	env := map[string]string{
		"AWS_ENDPOINT_URL":          s.URL,
		"AWS_ACCESS_KEY_ID":         key.AccessKeyID,
		"AWS_SECRET_ACCESS_KEY":     key.Secret,
		"AWS_REGION":                "us-east-1",
		"AWS_EC2_METADATA_DISABLED": "true",
	}
	if regions := s.Cloud.Regions(accountID); len(regions) > 0 {
		env["AWS_REGION"] = regions[0]
	}
	env["AWS_DEFAULT_REGION"] = env["AWS_REGION"] // boto3 and the AWS CLI read this name
	return env
}

// Instructions lists the accounts, the variables to export and the role to assume.
func (s *Server) Instructions() string {
	var b strings.Builder
	fmt.Fprintf(&b, "Simulated cloud on %s\n\n", s.URL)
	const listed = 10
	accounts := s.Cloud.Accounts()
	for _, id := range accounts[:min(len(accounts), listed)] {
		fmt.Fprintf(&b, "  %s  %-16s %s\n", id, s.Cloud.AccountName(id), strings.Join(s.Cloud.Regions(id), " "))
	}
	if more := len(accounts) - listed; more > 0 {
		fmt.Fprintf(&b, "  and %d more\n", more)
	}
	b.WriteString("\nTo try it:\n\n")
	env := s.Env(accounts[0])
	for _, name := range []string{"AWS_ENDPOINT_URL", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_REGION", "AWS_DEFAULT_REGION"} {
		fmt.Fprintf(&b, "  export %s=%s\n", name, env[name])
	}
	b.WriteString("  aws ec2 describe-instances\n\n")
	fmt.Fprintf(&b, "Other accounts can be opened through the role %s", RoleARN("ACCOUNT", DemoRole))
	if id := s.Cloud.ExternalID(); id != "" {
		fmt.Fprintf(&b, " with the external id %s", id)
	}
	b.WriteString(".\n")
	return b.String()
}
