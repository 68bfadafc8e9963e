package gcp

import (
	"net/http"
	"strconv"
	"time"
)

// write writes the body and the headers of a failure.
func (f *failure) write(header http.Header, d *document) {
	switch {
	case f.plain:
		header.Set("Content-Type", "text/html; charset=UTF-8")
		d.raw(f.message)
		return
	case f.html:
		header.Set("Content-Type", "text/html; charset=UTF-8")
		f.page(d)
		return
	}
	header.Set("Content-Type", "application/json; charset=UTF-8")
	d.object("")
	if f.oauth {
		d.text("error", f.code)
		d.text("error_description", f.message)
	} else {
		f.status4xx(header)
		d.object("error")
		f.content(d)
		d.endObject()
	}
	d.endObject()
}

// status4xx sets the headers that some statuses require.
func (f *failure) status4xx(header http.Header) {
	if f.status == http.StatusUnauthorized {
		header.Set("WWW-Authenticate", `Bearer realm="https://accounts.google.com/"`)
	}
	if f.retry > 0 {
		header.Set("Retry-After", strconv.Itoa(int(f.retry/time.Second)))
	}
}

// content writes the members of Google's JSON error.
func (f *failure) content(d *document) {
	d.number("code", f.status)
	d.text("message", f.message)
	d.array("errors")
	d.object("")
	d.text("message", f.message)
	d.word("domain", f.domain)
	d.word("reason", f.reason)
	if f.status == http.StatusUnauthorized {
		d.word("location", "Authorization")
		d.word("locationType", "header")
	}
	d.endObject()
	d.endArray()
	d.word("status", f.code)
	if f.info.reason != "" || f.retry > 0 {
		f.details(d)
	}
}

func (f *failure) details(d *document) {
	const types = "type.googleapis.com/google.rpc."
	d.array("details")
	if f.info.help != "" {
		d.object("")
		d.word("@type", types, "Help")
		d.array("links")
		d.object("")
		d.text("description", f.info.helpText)
		d.text("url", f.info.help)
		d.endObject()
		d.endArray()
		d.endObject()
	}
	if f.info.reason != "" {
		d.object("")
		d.word("@type", types, "ErrorInfo")
		d.word("reason", f.info.reason)
		d.word("domain", "googleapis.com")
		d.object("metadata")
		for _, pair := range f.info.metadata {
			d.text(pair[0], pair[1])
		}
		d.endObject()
		d.endObject()
	}
	if f.retry > 0 {
		d.object("")
		d.word("@type", types, "RetryInfo")
		d.word("retryDelay", strconv.Itoa(int(f.retry/time.Second)), "s")
		d.endObject()
	}
	d.endArray()
}

// page writes an error page of Google's front end.
func (f *failure) page(d *document) {
	d.raw("<!DOCTYPE html>\n<html lang=en>\n<meta charset=utf-8>\n<title>Error ")
	d.raw(strconv.Itoa(f.status))
	d.raw(" (Server Error)!!1</title>\n<p><b>")
	d.raw(strconv.Itoa(f.status))
	d.raw(".</b> <ins>That’s an error.</ins>\n<p>The server encountered a temporary error and could not complete your request.\n" +
		"<p>Please try again in 30 seconds. <ins>That’s all we know.</ins>\n</html>\n")
}
