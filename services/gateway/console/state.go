package console

import (
	"net/url"
	"strconv"
	"strings"
)

// pageSize is the number of instances on a page.
const pageSize = 25

// maxBack is the number of previous pages that the URL remembers.
const maxBack = 10

// State selects what the page shows. The URL has all of it.
type State struct {
	// Filter is an AIP-160 filter over instances.
	Filter string
	// Order is an AIP-132 order of one field.
	Order string
	// Gone includes instances that are gone.
	Gone bool
	// AllAccounts shows every account, not only the first few.
	AllAccounts bool

	// token is the token of this page, or "" for the first.
	token string
	// back has the tokens of previous pages; the last one is that of the page before this one.
	back []string
	// page is the number of this page, from 0.
	page int
}

// ParseState returns the state from the query of a URL. Invalid values are ignored, except filter
// and order, which the inventory service validates.
func ParseState(query url.Values) State {
	s := State{
		Filter:      strings.TrimSpace(query.Get("filter")),
		Order:       strings.TrimSpace(query.Get("order")),
		Gone:        query.Get("gone") == "1",
		AllAccounts: query.Get("accounts") == "all",
		token:       query.Get("page"),
	}
	if s.token == "" {
		return s
	}
	// Tokens are base64url, which has no comma.
	s.back = strings.Split(query.Get("back"), ",")
	s.page, _ = strconv.Atoi(query.Get("n"))
	s.page = max(s.page, 1)
	return s
}

// URL returns the URL of the page in this state.
func (s State) URL() string {
	query := url.Values{}
	set := func(key, value string, is bool) {
		if is {
			query.Set(key, value)
		}
	}
	set("filter", s.Filter, s.Filter != "")
	set("order", s.Order, s.Order != "")
	set("gone", "1", s.Gone)
	set("accounts", "all", s.AllAccounts)
	if s.token != "" {
		query.Set("page", s.token)
		query.Set("back", strings.Join(s.back, ","))
		query.Set("n", strconv.Itoa(s.page))
	}
	if len(query) == 0 {
		return "/"
	}
	return "/?" + query.Encode()
}

// first returns the state for the first page of the same list.
func (s State) first() State {
	s.token, s.back, s.page = "", nil, 0
	return s
}

// next returns the state for the next page, given its token.
func (s State) next(token string) State {
	s.back = append(append([]string{}, s.back...), s.token)
	if len(s.back) > maxBack {
		s.back = s.back[len(s.back)-maxBack:]
	}
	s.token = token
	s.page++
	return s
}

// previous returns the state for the previous page, or for the first page if the token of the
// previous one is no longer known.
func (s State) previous() State {
	if s.page <= 1 || len(s.back) == 0 {
		return s.first()
	}
	last := len(s.back) - 1
	if s.back[last] == "" {
		return s.first()
	}
	s.token, s.back, s.page = s.back[last], s.back[:last:last], s.page-1
	return s
}

// filtered returns the state for the first page with another filter.
func (s State) filtered(filter string) State {
	s = s.first()
	s.Filter = filter
	return s
}

// ordered returns the state for the first page in another order.
func (s State) ordered(order string) State {
	s = s.first()
	s.Order = order
	return s
}

// withGone returns the state for the first page with or without instances that are gone.
func (s State) withGone(gone bool) State {
	s = s.first()
	s.Gone = gone
	return s
}

// withAllAccounts returns the state for the same page with all accounts, or the first few.
func (s State) withAllAccounts(all bool) State {
	s.AllAccounts = all
	return s
}
