// Package console is the web console: pages, rendered on the server, that show the accounts with
// their connections and the instances that match a filter, and that refresh themselves.
//
//	request ─▶ State (from the URL) ─▶ reader ─▶ responses ─▶ View ─▶ templ
//	                                     │
//	                                     └ cache of the last responses, for when a service is down
//
// The URL is the whole state of the page: filter, order and page. Links and forms work without
// JavaScript. With JavaScript, htmx fetches the same URL and morphs the page into the response, so
// that focus, scroll position and text being typed are preserved. console.js triggers the refresh
// every few seconds while the page is visible.
//
// The templates escape every name that comes from a cloud or a user, and the
// Content-Security-Policy forbids inline scripts.
package console
