package gcp

import (
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"

	"github.com/rollcall-dev/rollcall/services/cloudsim"
)

// Server serves the Google Cloud of a world on a port of its own.
type Server struct {
	// URL is the address of all services, such as http://127.0.0.1:40001.
	URL   string
	World *cloudsim.World
	Cloud *Cloud

	server *cloudsim.Server
}

// Serve starts to serve the Google Cloud of a world on a free loopback port. Close ends it.
func Serve(world *cloudsim.World) (*Server, error) { return ServeOn(world, "127.0.0.1:0") }

// ServeOn is like Serve, but listens on a given host:port.
func ServeOn(world *cloudsim.World, addr string) (*Server, error) {
	s := &Server{World: world, Cloud: In(world)}
	mux := http.NewServeMux()
	mux.Handle("/", NewHandler(world))
	mux.HandleFunc("GET /keys/{project}", s.serveKey)
	var err error
	if s.server, err = cloudsim.Serve(addr, mux); err != nil {
		return nil, err
	}
	s.URL = s.server.URL()
	return s, nil
}

// Wait returns when the server has ended, nil after Close.
func (s *Server) Wait() error { return s.server.Wait() }

// Close ends the server and all its connections at once, including those that a fault keeps open.
func (s *Server) Close() error { return s.server.Close() }

// Env returns the environment variables that point Google's tools and Rollcall at the server.
// ROLLCALL_ALLOWED_TOKEN_HOSTS admits key files whose token_uri is on it.
func (s *Server) Env() map[string]string {
	return map[string]string{
		"CLOUDSDK_API_ENDPOINT_OVERRIDES_COMPUTE": s.URL + "/compute/v1/",
		"CLOUDSDK_API_ENDPOINT_OVERRIDES_SQL":     s.URL + "/",
		"ROLLCALL_ALLOWED_TOKEN_HOSTS":            strings.TrimPrefix(s.URL, "http://"),
	}
}

// serveKey responds with a project's key file, so that people can try the simulation. The key
// protects nothing.
func (s *Server) serveKey(w http.ResponseWriter, r *http.Request) {
	key, err := s.KeyJSON(r.PathValue("project"))
	if err != nil {
		http.Error(w, err.Error(), http.StatusNotFound)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	_, _ = w.Write(key) //nolint:gosec // an error means that the client disconnected
}

// KeyJSON returns the key file of a project's service account in Google's format, with a token_uri
// on this server. Error: ErrNoProject.
func (s *Server) KeyJSON(projectID string) ([]byte, error) {
	account, err := s.Cloud.ServiceAccount(projectID)
	if err != nil {
		return nil, err
	}
	der, err := x509.MarshalPKCS8PrivateKey(account.Key)
	if err != nil {
		return nil, fmt.Errorf("encode the key of %s: %w", account.Email, err)
	}
	return json.MarshalIndent(struct { //nolint:gosec // it exists to publish the key
		Type         string `json:"type"`
		ProjectID    string `json:"project_id"`
		PrivateKeyID string `json:"private_key_id"`
		PrivateKey   string `json:"private_key"`
		ClientEmail  string `json:"client_email"`
		ClientID     string `json:"client_id"`
		AuthURI      string `json:"auth_uri"`
		TokenURI     string `json:"token_uri"`
		Universe     string `json:"universe_domain"`
	}{
		"service_account", projectID, account.KeyID, string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})),
		account.Email, account.UniqueID, "https://accounts.google.com/o/oauth2/auth", s.URL + "/token", "googleapis.com",
	}, "", "  ")
}

// WorkloadIdentityJSON returns a credential configuration file of type external_account for a
// project. The subject token comes from this server and is exchanged there. If impersonate is the
// email of a service account, that account is impersonated.
func (s *Server) WorkloadIdentityJSON(projectID, impersonate string) ([]byte, error) {
	type format struct {
		Type string `json:"type"`
		Name string `json:"subject_token_field_name"`
	}
	type source struct {
		URL     string            `json:"url"`
		Headers map[string]string `json:"headers"`
		Format  format            `json:"format"`
	}
	config := struct { //nolint:gosec // it holds addresses, and no secret
		Type             string `json:"type"`
		Audience         string `json:"audience"`
		SubjectTokenType string `json:"subject_token_type"`
		TokenURL         string `json:"token_url"`
		Universe         string `json:"universe_domain"`
		Source           source `json:"credential_source"`
		ImpersonationURL string `json:"service_account_impersonation_url,omitempty"`
	}{
		Type: "external_account", Audience: s.Cloud.WorkloadAudience(projectID),
		SubjectTokenType: "urn:ietf:params:oauth:token-type:jwt", TokenURL: s.URL + "/v1/token", Universe: "googleapis.com",
		Source: source{s.URL + "/subject-token", map[string]string{"Metadata": "True"}, format{"json", "access_token"}},
	}
	if impersonate != "" {
		config.ImpersonationURL = s.URL + "/v1/projects/-/serviceAccounts/" + impersonate + ":generateAccessToken"
	}
	return json.MarshalIndent(config, "", "  ")
}

// Instructions lists the projects and the variables to export.
func (s *Server) Instructions() string {
	var b strings.Builder
	fmt.Fprintf(&b, "Simulated Google Cloud on %s\n\n", s.URL)
	projects := s.Cloud.Projects()
	for _, id := range projects {
		fmt.Fprintf(&b, "  %-20s %s\n", id, strings.Join(s.Cloud.ProjectRegions(id), " "))
	}
	b.WriteString("\n")
	env := s.Env()
	for _, name := range slices.Sorted(maps.Keys(env)) {
		fmt.Fprintf(&b, "  export %s=%s\n", name, env[name])
	}
	if len(projects) > 0 {
		fmt.Fprintf(&b, "  curl -s %s/keys/%s > key.json && export GOOGLE_APPLICATION_CREDENTIALS=$PWD/key.json\n", s.URL, projects[0])
	}
	return b.String()
}
