package example

import (
	"encoding/json"
	"net/http"
)

// answer answers a read, unless a fault is set for its listing.
func (c *Cloud) answer(w http.ResponseWriter, r *http.Request, listing string, read func() any) {
	c.mu.Lock()
	fault := c.faults[listing]
	c.calls[listing]++
	call := c.calls[listing]
	body := read()
	c.mu.Unlock()
	if status, code, ok := refusal(fault, r, call); ok {
		fail(w, status, code)
		return
	}
	switch fault {
	case "down":
		drop()
	case "hung":
		<-r.Context().Done()
		return
	case "blank":
		w.WriteHeader(http.StatusOK)
		return
	case "foreign":
		w.Header().Set("Content-Type", "text/html")
		_, _ = w.Write([]byte("<html><body>Sign in to the network</body></html>"))
		return
	case "malformed":
		_, _ = w.Write([]byte(`{"items": [}`))
		return
	case "truncated":
		encoded, _ := json.Marshal(body) //nolint:errchkjson // our own types
		_, _ = w.Write(encoded[:len(encoded)/2])
		drop()
	}
	if p, ok := body.(page); ok {
		body = p.broken(fault, r.URL.Query().Get("after"))
	}
	send(w, http.StatusOK, body)
}

// refusal returns the error that a fault makes of a call.
func refusal(fault string, r *http.Request, call int) (status int, code string, ok bool) {
	switch {
	case fault == "denied":
		return http.StatusForbidden, "denied", true
	case fault == "throttled":
		return http.StatusTooManyRequests, "throttled", true
	case fault == "broken",
		fault == "flaky" && call%3 == 0,
		fault == "fails-midway" && r.URL.Query().Get("after") != "":
		return http.StatusInternalServerError, "internal", true
	case fault == "expired":
		return http.StatusUnauthorized, "expired_key", true
	case fault == "revoked":
		return http.StatusUnauthorized, "invalid_key", true
	}
	return 0, "", false
}

// broken returns the page as a fault changes it.
func (p page) broken(fault, after string) page {
	switch fault {
	case "faulty-list":
		return page{Items: []Resource{}}
	case "circular":
		if p.Next == "" {
			p.Next = p.Items[0].ID
		}
		if after != "" {
			p.Next = after
		}
	case "endless":
		p.Next = after + "x"
		p.Items = []Resource{{ID: "server-000000", Kind: Servers, State: Up}}
	}
	return p
}
