package example

import (
	"encoding/json"
	"net/http"
	"slices"
	"strconv"
	"strings"
)

// ServeHTTP serves the API.
func (c *Cloud) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	path := strings.TrimPrefix(r.URL.Path, "/v1/")
	kind, id, isOne := strings.Cut(path, "/")
	location := r.URL.Query().Get("location")
	switch {
	case r.Header.Get("Authorization") != "Bearer "+c.config.Key:
		fail(w, http.StatusUnauthorized, "invalid_key")
	case path == "account" || path == "regions":
		c.answer(w, r, "", func() any {
			if path == "account" {
				return map[string]any{"id": c.config.Account}
			}
			return map[string]any{"regions": c.regions}
		})
	case kind == "resources" && isOne:
		c.one(w, id)
	case r.Method == http.MethodPost && isOne:
		c.change(w, r, id)
	case kind == Servers || kind == Stores:
		c.answer(w, r, listing(kind, location), func() any { return c.list(r, kind, location) })
	default:
		fail(w, http.StatusNotFound, "not_found")
	}
}

// page is a page of a listing.
type page struct {
	Items   []Resource `json:"items"`
	Missing []string   `json:"missing,omitempty"`
	Next    string     `json:"next,omitempty"`
}

// list returns a page, or the resources with the ids of the request. The caller holds mu.
func (c *Cloud) list(r *http.Request, kind, location string) any {
	query := r.URL.Query()
	p := page{Items: []Resource{}}
	if ids := query["id"]; len(ids) > 0 {
		for _, id := range ids {
			if found := c.resources[id]; found != nil && found.Kind == kind && found.Location() == location {
				p.Items = append(p.Items, c.view(found))
			} else {
				p.Missing = append(p.Missing, id)
			}
		}
		return p
	}
	limit, err := strconv.Atoi(query.Get("limit"))
	if err != nil || limit < 1 {
		limit = 10
	}
	var ids []string
	for id, found := range c.resources {
		if found.Kind == kind && found.Location() == location && id > query.Get("after") {
			ids = append(ids, id)
		}
	}
	slices.Sort(ids)
	if len(ids) > limit {
		ids, p.Next = ids[:limit], ids[limit-1]
	}
	for _, id := range ids {
		p.Items = append(p.Items, c.view(c.resources[id]))
	}
	return p
}

func (c *Cloud) one(w http.ResponseWriter, id string) {
	c.mu.Lock()
	found := c.resources[id]
	if found == nil {
		c.mu.Unlock()
		fail(w, http.StatusNotFound, "not_found")
		return
	}
	seen := c.view(found)
	c.mu.Unlock()
	send(w, http.StatusOK, seen)
}

// change starts or stops a resource.
func (c *Cloud) change(w http.ResponseWriter, r *http.Request, target string) {
	id, verb, _ := strings.Cut(target, ":")
	var order struct {
		Key string `json:"key"`
	}
	if err := json.NewDecoder(http.MaxBytesReader(w, r.Body, 1<<10)).Decode(&order); err != nil || verb != "start" && verb != "stop" {
		fail(w, http.StatusBadRequest, "invalid_request")
		return
	}
	c.mu.Lock()
	count := c.requests[id]
	count.All++
	c.requests[id] = count
	strike := c.strike
	c.strike = ""
	c.mu.Unlock()
	if refuse(w, strike) {
		return
	}
	c.mu.Lock()
	job, state, code := c.begin(id, verb, order.Key, strike == "gave-up")
	c.mu.Unlock()
	switch {
	case strike == "lost":
		drop()
	case strike == "silent":
		<-r.Context().Done()
	case strike == "fails":
		fail(w, http.StatusInternalServerError, "internal")
	case code == "not_found":
		fail(w, http.StatusNotFound, code)
	case code != "":
		fail(w, http.StatusConflict, code)
	default:
		send(w, http.StatusAccepted, map[string]any{"job": job.ID, "state": state})
	}
}

// refuse answers a request to change something that is not accepted, and reports whether it did.
func refuse(w http.ResponseWriter, strike string) bool {
	switch strike {
	case "denied":
		fail(w, http.StatusForbidden, "denied")
	case "throttled":
		fail(w, http.StatusTooManyRequests, "throttled")
	case "no-capacity":
		fail(w, http.StatusConflict, "no_capacity")
	case "no-quota":
		fail(w, http.StatusConflict, "no_quota")
	case "cut":
		drop()
	case "error":
		fail(w, http.StatusInternalServerError, "internal")
	default:
		return false
	}
	return true
}

// drop closes the connection without an answer.
func drop() { panic(http.ErrAbortHandler) }

func send(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(body)
}

func fail(w http.ResponseWriter, status int, code string) {
	send(w, status, map[string]string{"error": code, "message": "the request failed: " + code})
}
