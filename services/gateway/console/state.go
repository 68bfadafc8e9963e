package console

import (
	"net/url"
	"strconv"
	"strings"
)

// pageSize is how many instances a page shows.
const pageSize = 25

// maxBack is how many pages one can go back by the page's own link.
const maxBack = 10

// State is what the page shows: all of it is in the URL.
type State struct {
	// Filter is an AIP-160 filter over instances.
	Filter string
	// Order is an AIP-132 order of one field.
	Order string
	// Gone shows also instances that are gone.
	Gone bool
	// AllAccounts shows every account, not only the first few.
	AllAccounts bool

	// token asks for this page; "" for the first.
	token string
	// back are the tokens of the pages before, the nearest last.
	back []string
	// page counts from 0.
	page int
}

// ParseState reads the state off a URL's query. What makes no sense is as if it
// were not there; filter and order are judged by the service that answers.
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
	// Tokens are base64url: they hold no comma.
	s.back = strings.Split(query.Get("back"), ",")
	s.page, _ = strconv.Atoi(query.Get("n"))
	s.page = max(s.page, 1)
	return s
}

// URL is the page in this state.
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

// first is the first page of the same list.
func (s State) first() State {
	s.token, s.back, s.page = "", nil, 0
	return s
}

// next is the page that a token asks for.
func (s State) next(token string) State {
	s.back = append(append([]string{}, s.back...), s.token)
	if len(s.back) > maxBack {
		s.back = s.back[len(s.back)-maxBack:]
	}
	s.token = token
	s.page++
	return s
}

// previous is the page before; the first one when that is no longer known.
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

// filtered is the first page under another filter.
func (s State) filtered(filter string) State {
	s = s.first()
	s.Filter = filter
	return s
}

// ordered is the first page in another order.
func (s State) ordered(order string) State {
	s = s.first()
	s.Order = order
	return s
}

// withGone is the first page with or without those that are gone.
func (s State) withGone(gone bool) State {
	s = s.first()
	s.Gone = gone
	return s
}

// everyAccount is the same page with all accounts, or the first few.
func (s State) everyAccount(all bool) State {
	s.AllAccounts = all
	return s
}
