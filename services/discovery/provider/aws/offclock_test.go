package aws_test

import (
	"fmt"
	"net/http"
	"strings"
	"time"
)

// ahead is how far the clock of offClock is ahead of the local one.
const ahead = 20 * time.Minute

// offClock simulates a cloud with another clock, which like AWS rejects signatures of another time.
type offClock struct {
	next http.Handler
	// hopeless rejects all signatures.
	hopeless bool
}

func (o *offClock) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	now := time.Now().Add(ahead).UTC()
	w.Header().Set("Date", now.Format(http.TimeFormat))
	signed, err := time.Parse("20060102T150405Z", r.Header.Get("X-Amz-Date"))
	if err == nil && now.Sub(signed).Abs() < 5*time.Minute && !o.hopeless {
		o.next.ServeHTTP(w, r)
		return
	}
	if strings.Contains(r.Header.Get("Authorization"), "/ec2/") {
		w.WriteHeader(http.StatusBadRequest)
		fmt.Fprint(w, "<Response><Errors><Error><Code>RequestExpired</Code><Message>Request has expired.</Message></Error></Errors></Response>")
		return
	}
	w.WriteHeader(http.StatusForbidden)
	fmt.Fprint(w, "<ErrorResponse><Error><Type>Sender</Type><Code>SignatureDoesNotMatch</Code><Message>Signature expired</Message></Error></ErrorResponse>")
}
