package aws

import (
	"cmp"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"

	"github.com/rollcall-dev/rollcall/services/cloudsim"
)

// maxBody is the maximum length of a request body in bytes.
const maxBody = 1 << 20

// Handler serves the AWS of a world to SDKs.
type Handler struct {
	world    *cloudsim.World
	cloud    *Cloud
	services map[string]service
	requests atomic.Uint64
}

// service is one of AWS's services.
type service interface {
	// version returns the service's API version.
	version() string
	// actions returns the implemented actions by name.
	actions() map[string]action
	// narrowed reports whether a request has a filter, ids or a page size.
	narrowed(form url.Values) bool
	// reads returns the properties of a request that faults depend on.
	reads(form url.Values) cloudsim.Request
	// writeError writes the body of an error response.
	writeError(d *document, f *failure, requestID string)
}

// action implements an API action. It writes the content between the outermost tags of the
// response.
type action func(req *request, d *document) error

// request is a parsed request.
type request struct {
	world     *cloudsim.World
	cloud     *Cloud
	call      cloudsim.Call
	principal Principal
	form      url.Values
	id        string
	faults    cloudsim.FaultSet
}

// NewHandler returns a handler for the AWS of a world.
func NewHandler(world *cloudsim.World) *Handler {
	return &Handler{world: world, cloud: In(world), services: map[string]service{"ec2": ec2{}, "rds": rds{}, "sts": sts{}}}
}

// ServeHTTP responds to one request.
func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
	if err != nil {
		return // the client disconnected, or the body is too long
	}
	auth, ok := parseAuthorization(r.Header.Get("Authorization"))
	name := cmp.Or(auth.service, "sts")
	svc, known := h.services[name]
	if !known {
		http.Error(w, fmt.Sprintf("cloudsim does not simulate the service %q", name), http.StatusNotFound)
		return
	}
	req := &request{world: h.world, cloud: h.cloud, id: h.requestID()}
	req.form, err = parseForm(r, body)
	req.call = cloudsim.Call{Region: auth.region, Service: name, Action: req.form.Get("Action")}

	var refused *failure
	switch {
	case err != nil:
		refused = fail(http.StatusBadRequest, "MalformedQueryString", "The query string contains a syntax error.")
	case !ok:
		refused = missingAuthentication()
	default:
		refused = h.authenticate(req, r, body, auth)
	}
	h.answer(w, r, svc, req, refused)
}

// parseForm parses the parameters in the body, or in the query of a GET.
func parseForm(r *http.Request, body []byte) (url.Values, error) {
	if r.Method == http.MethodGet {
		return url.ParseQuery(r.URL.RawQuery)
	}
	return url.ParseQuery(string(body))
}

// authenticate sets the principal of the request.
func (h *Handler) authenticate(req *request, r *http.Request, body []byte, auth authorization) *failure {
	principal, err := h.cloud.Authenticate(auth.accessKeyID, r.Header.Get("X-Amz-Security-Token"))
	if err != nil {
		return authenticationFailure(auth.service, err)
	}
	req.principal = principal
	req.call.Account = principal.Account
	if !h.cloud.cfg.IgnoreSignatures && !auth.verify(r.Context(), r, body, principal.Key) {
		return wrongSignature()
	}
	return nil
}

// answer runs the request unless it was refused, and writes the response.
func (h *Handler) answer(w http.ResponseWriter, r *http.Request, svc service, req *request, refused *failure) {
	d := newDocument()
	defer d.free()
	if refused == nil {
		req.faults = (h.world.Faults(req.call, svc.reads(req.form)))
		if !req.faults.Delay(r.Context(), h.world.Latency()) {
			h.world.Record(req.call, false, true)
			req.recordMutation(false, "dropped")
			panic(http.ErrAbortHandler) // closes the connection without a response
		}
		if refused = h.run(svc, req, d); refused == nil {
			req.recordMutation(true, "")
			if req.faults.Lost(r.Context()) {
				h.world.Record(req.call, false, true)
				panic(http.ErrAbortHandler)
			}
			if req.faults.Has(cloudsim.FailAfter) {
				refused = internalError(req.call.Service)
			}
		} else {
			req.recordMutation(false, refused.code)
		}
	}
	status := http.StatusOK
	if refused != nil {
		d.b = d.b[:0]
		status = refused.status
		svc.writeError(d, refused, req.id)
	}
	throttled := refused != nil && (refused.code == "RequestLimitExceeded" || refused.code == "Throttling")
	h.world.Record(req.call, throttled, refused != nil)

	header := w.Header()
	header.Set("Content-Type", "text/xml;charset=UTF-8")
	header.Set("X-Amzn-Requestid", req.id)
	header.Set("Content-Length", strconv.Itoa(len(d.b)))
	w.WriteHeader(status)
	if n, cut := req.faults.Truncated(len(d.b)); cut {
		_, _ = w.Write(d.b[:n]) // the connection ends in any case
		panic(http.ErrAbortHandler)
	}
	_, _ = w.Write(d.b) // an error means that the client disconnected
}

// run checks that the call is allowed, and executes it.
func (h *Handler) run(svc service, req *request, d *document) *failure {
	if f := faultFailure(req); f != nil {
		return f
	}
	if req.call.Service != "sts" { // STS is available in every region
		if err := h.cloud.CheckRegion(req.call.Account, req.call.Region); err != nil {
			return notEnabled(req.call.Service)
		}
	}
	if !h.cloud.Admit(req.call, svc.narrowed(req.form)) {
		return throttled(req.call.Service)
	}
	act, ok := svc.actions()[req.call.Action]
	if !ok {
		return unknownAction(req.call.Action, svc.version())
	}
	if !req.principal.Allowed(req.call.Service, req.call.Action) {
		return denied(req.call.Service, req.call.Action, req.principal.ARN)
	}
	if err := act(req, d); err != nil {
		return asFailure(req, err)
	}
	spoil(req.faults, d)
	return nil
}

// requestID returns the next request id, in the format of a UUID.
func (h *Handler) requestID() string {
	n := h.requests.Add(1)
	a, b := cloudsim.Mix(n, 0), cloudsim.Mix(n, 1)
	return fmt.Sprintf("%08x-%04x-4%03x-a%03x-%012x", a>>32, a>>16&0xffff, a&0xfff, b>>52, b&0xffffffffffff)
}

// list returns the values of the numbered parameters prefix.1, prefix.2 and so on.
func (r *request) list(prefix string) []string {
	var values []string
	for i := 1; ; i++ {
		value, ok := r.form[prefix+"."+strconv.Itoa(i)]
		if !ok {
			return values
		}
		values = append(values, value[0])
	}
}

// asked returns the properties of a read that faults depend on. token is the name of the page token
// parameter, and named reports whether the request names the resources it reads.
func asked(form url.Values, token string, named bool) cloudsim.Request {
	request := cloudsim.Request{LaterPage: form.Get(token) != "", Reads: cloudsim.Lists}
	if named {
		request.Reads = cloudsim.ByID
	}
	return request
}

// names reports whether a form has a filter with one of the given names.
func names(form url.Values, prefix string, filters ...string) bool {
	for i := 1; ; i++ {
		name := form.Get(prefix + strconv.Itoa(i) + ".Name")
		if name == "" || slices.Contains(filters, name) {
			return name != ""
		}
	}
}

// numbered reports whether a form has numbered parameters with a name.
func numbered(form url.Values, name string) bool {
	for key := range form {
		if strings.HasPrefix(key, name+".") {
			return true
		}
	}
	return false
}
