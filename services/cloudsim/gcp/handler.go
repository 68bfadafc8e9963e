package gcp

import (
	"errors"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"github.com/rollcall-dev/rollcall/services/cloudsim"
)

// maxBody is the maximum length of a request body in bytes.
const maxBody = 1 << 20

// Handler serves the Google Cloud of a world to clients.
type Handler struct {
	world *cloudsim.World
	cloud *Cloud
	mux   *http.ServeMux
}

// endpoint is a method of one of Google's services.
type endpoint struct {
	service    string // compute
	action     string // instances.list
	permission string // compute.instances.list; "" when none is needed
	// open methods need no access token.
	open   bool
	handle func(req *request, d *document) error
}

// request is a parsed request.
type request struct {
	endpoint
	world   *cloudsim.World
	cloud   *Cloud
	http    *http.Request
	call    cloudsim.Call
	token   AccessToken
	project ProjectInfo
	query   url.Values
	body    []byte
	faults  cloudsim.FaultSet
	// repeated reports that the request id was known, so nothing was changed.
	repeated bool
}

// NewHandler returns a handler for the Google Cloud of a world.
func NewHandler(world *cloudsim.World) *Handler {
	h := &Handler{world: world, cloud: In(world), mux: http.NewServeMux()}
	for _, endpoints := range []map[string]endpoint{computeEndpoints, sqlEndpoints, resourceEndpoints, signInEndpoints} {
		for pattern, e := range endpoints {
			h.mux.HandleFunc(pattern, func(w http.ResponseWriter, r *http.Request) { h.serve(w, r, e) })
		}
	}
	return h
}

// ServeHTTP responds to one request.
func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) { h.mux.ServeHTTP(w, r) }

// serve responds to a request to a method.
func (h *Handler) serve(w http.ResponseWriter, r *http.Request, e endpoint) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
	if err != nil {
		return // the client disconnected, or the body is too long
	}
	req := &request{endpoint: e, world: h.world, cloud: h.cloud, http: r, query: r.URL.Query(), body: body}
	id := strings.TrimSuffix(r.PathValue("project"), testVerb)
	place := r.PathValue("zone") + r.PathValue("region")
	req.call = cloudsim.Call{Account: id, Region: place, Service: e.service, Action: e.action}
	req.project, _ = h.cloud.Project(id) // run detects an unknown project

	var refused *failure
	if e.open {
		refused = req.identify()
	} else {
		refused = req.authenticate()
	}
	h.answer(w, req, refused)
}

// authenticate sets the access token of the request.
func (r *request) authenticate() *failure {
	bearer, ok := strings.CutPrefix(r.http.Header.Get("Authorization"), "Bearer ")
	if !ok {
		return missingToken()
	}
	token, err := r.cloud.CheckToken(bearer)
	if err != nil {
		reason := "ACCESS_TOKEN_TYPE_UNSUPPORTED"
		if errors.Is(err, cloudsim.ErrExpiredToken) {
			reason = "ACCESS_TOKEN_EXPIRED"
		}
		return unauthenticated(r.service, reason)
	}
	r.token = token
	if r.call.Account == "" || r.call.Account == "-" {
		r.call.Account = token.Home
	}
	return nil
}

// resource returns the name of the resource in the path:
// projects/my-project/zones/europe-west1-b/instances/web-1.
func (r *request) resource() string {
	_, path, _ := strings.Cut(r.http.URL.Path, "/projects/")
	path = "projects/" + path
	if verb := r.http.PathValue("verb"); verb != "" {
		path = strings.TrimSuffix(path, "/"+verb)
	}
	if r.http.PathValue("instance") == "" && r.http.PathValue("operation") == "" {
		return "projects/" + r.call.Account
	}
	return path
}

// answer runs the request unless it was refused, and writes the response.
func (h *Handler) answer(w http.ResponseWriter, req *request, refused *failure) {
	d := newDocument()
	defer d.free()
	header := w.Header()
	header.Set("Content-Type", "application/json; charset=UTF-8")
	if refused == nil {
		req.faults = (h.world.Faults(req.call, req.reads()))
		if !req.faults.Delay(req.http.Context(), h.world.Latency()) {
			h.world.Record(req.call, false, true)
			req.recordMutation(false, &failure{reason: "dropped"})
			panic(http.ErrAbortHandler) // closes the connection without a response
		}
		refused = req.run(d)
		req.recordMutation(refused == nil, refused)
		if refused == nil && req.faults.Lost(req.http.Context()) {
			h.world.Record(req.call, false, true)
			panic(http.ErrAbortHandler)
		}
		if refused == nil && req.faults.Has(cloudsim.FailAfter) {
			refused = serverError(http.StatusInternalServerError)
		}
	}
	status := http.StatusOK
	if refused != nil {
		d.b = d.b[:0]
		status = refused.status
		refused.write(header, d)
	}
	h.world.Record(req.call, refused != nil && refused.throttled, refused != nil)

	header.Set("Vary", "Origin, X-Origin, Referer")
	header.Set("Server", "cloudsim")
	header.Set("Content-Length", strconv.Itoa(len(d.b)))
	w.WriteHeader(status)
	if n, cut := req.faults.Truncated(len(d.b)); cut {
		_, _ = w.Write(d.b[:n]) // the connection ends in any case
		panic(http.ErrAbortHandler)
	}
	_, _ = w.Write(d.b) // an error means that the client disconnected
}

// run checks that the call is allowed, and executes it.
func (r *request) run(d *document) *failure {
	if f := faultFailure(r); f != nil {
		return f
	}
	if !r.open {
		if f := r.admit(); f != nil {
			return f
		}
	}
	if err := r.write(d); err != nil {
		return asFailure(r, err)
	}
	spoil(r.faults, d)
	return nil
}

// write executes the call and writes its response, or the part that the parameter `fields` selects.
func (r *request) write(d *document) error {
	fields := r.query.Get("fields")
	if fields == "" {
		return r.handle(r, d)
	}
	selected, err := parseFields(fields)
	if err != nil {
		return err
	}
	if err := r.handle(r, d); err != nil {
		return err
	}
	d.pick(selected)
	return nil
}

// reads returns the properties of a request that faults depend on.
func (r *request) reads() cloudsim.Request {
	asked := cloudsim.Request{LaterPage: r.query.Get("pageToken") != ""}
	switch {
	case strings.HasPrefix(r.query.Get("filter"), "(id =") || strings.HasPrefix(r.query.Get("filter"), "name:"):
		asked.Reads = cloudsim.ByID
	case strings.HasSuffix(strings.ToLower(r.action), "list"):
		asked.Reads = cloudsim.Lists
	case r.action == "instances.get":
		asked.Reads = cloudsim.ByID
	}
	return asked
}

// admit checks the project, its APIs, the limits and the caller's permission.
func (r *request) admit() *failure {
	if r.service == "iamcredentials" {
		return nil // the path has no project; the service account determines who may
	}
	if r.project.ID == "" {
		return noProject(r.call)
	}
	if r.cloud.APIDisabled(r.project.ID, r.service) {
		return disabled(r.service, r.project.Number)
	}
	if !r.cloud.Admit(r.call) {
		return throttled(r.service, r.project.Number)
	}
	if r.permission == "" {
		return nil
	}
	r.cloud.NeedPermission(r.project.ID, r.permission)
	if !r.cloud.PermittedIn(r.project.ID, r.token.Principal, r.permission) {
		return denied(r.call, r.permission, r.resource())
	}
	return nil
}
