// Package console is the web console: one page, rendered here, that shows the
// accounts with their connections and the instances with a filter, and keeps
// itself fresh.
//
//	request ─▶ State (from the URL) ─▶ reader ─▶ answers ─▶ View ─▶ templ
//	                                     │
//	                                     └ the last answers, for when a service is away
//
// The URL is the whole state of the page: filter, order, page. Links and forms
// work without JavaScript; with it, htmx fetches the same URL and morphs the
// page into what came back, so that focus, scroll position and what is being
// typed stay. console.js asks for that every few seconds while the page can be
// seen.
//
// Everything that a cloud or a user named is text to the templates, which escape
// it; the Content-Security-Policy allows no inline script besides.
package console
