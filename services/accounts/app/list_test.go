package app_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"

	accountsv1 "github.com/rollcall-dev/rollcall/gen/rollcall/accounts/v1"
)

// list requests a page and fails the test on an error.
func (s *service) list(t *testing.T, req *accountsv1.ListAccountsRequest) *accountsv1.ListAccountsResponse {
	t.Helper()
	resp, err := s.accounts.ListAccounts(t.Context(), req)
	if err != nil {
		t.Fatal(err)
	}
	return resp
}

// ids returns the ids of accounts in their order.
func ids(accounts []*accountsv1.Account) []string {
	all := []string{}
	for _, account := range accounts {
		all = append(all, strings.TrimPrefix(account.GetName(), "accounts/"))
	}
	return all
}

// walk reads all pages, and calls between after each page except the last.
func (s *service) walk(t *testing.T, req *accountsv1.ListAccountsRequest, between func(page int)) []string {
	t.Helper()
	req = proto.CloneOf(req)
	var all []string
	for page := 0; ; page++ {
		if page > 100 {
			t.Fatal("the pages never end")
		}
		resp := s.list(t, req)
		all = append(all, ids(resp.GetAccounts())...)
		if resp.GetNextPageToken() == "" {
			return all
		}
		if len(resp.GetAccounts()) != int(req.GetPageSize()) {
			t.Errorf("page %d has %d accounts and is not the last", page, len(resp.GetAccounts()))
		}
		req.PageToken = resp.GetNextPageToken()
		between(page)
	}
}

func nothing(int) {}

// some creates five accounts, a to e, in that order.
func (s *service) some(t *testing.T) {
	t.Helper()
	for i, account := range []*accountsv1.Account{
		{DisplayName: "Zebra", Labels: map[string]string{"team": "data", "env": "prod"}},
		{DisplayName: "apple", Labels: map[string]string{"team": "data 🦊"}, Paused: true},
		{DisplayName: "Apple", Labels: map[string]string{"team": `"web"`}},
		{DisplayName: "apple pie"},
		{DisplayName: "éclair", Labels: map[string]string{"env": ""}},
	} {
		account.Cloud = aws(fmt.Sprintf("1000000000%02d", i)).GetAccount().GetCloud()
		s.create(t, &accountsv1.CreateAccountRequest{AccountId: string(rune('a' + i)), Account: account})
	}
	end := time.Now()
	s.take(t, finished("accounts/a", 1, connected(end)))
	s.take(t, finished("accounts/b", 1, failed(end)))
	s.take(t, finished("accounts/c", 1, connected(end)))
	s.take(t, syncing("accounts/c", 2, time.Minute))
}

func TestList_Filters(t *testing.T) {
	t.Parallel()
	s := start(t)
	s.some(t)
	created := s.get(t, "accounts/c").GetCreateTime().AsTime().Format(time.RFC3339Nano)
	for filter, want := range map[string]string{
		``:                                    "a b c d e",
		`name = "accounts/b"`:                 "b",
		`name = b`:                            "b",
		`display_name = "apple"`:              "b",
		`displayName : "apple"`:               "b c d",
		`provider = AWS`:                      "a b c d e",
		`provider = GCP`:                      "",
		`paused`:                              "b",
		`paused = true`:                       "b",
		`NOT paused = true`:                   "a c d e",
		`labels.team = "data"`:                "a",
		`labels.team = "data 🦊"`:              "b",
		`labels.team = "\"web\""`:             "c",
		`labels:env`:                          "a e",
		`labels.env:*`:                        "a e",
		`-labels:team`:                        "d e",
		`aws.account_id = "100000000003"`:     "d",
		`aws.accountId = 100000000003`:        "d",
		`connection.status = CONNECTED`:       "a",
		`connection.status = SYNCING`:         "c",
		`connection.status = FAILED`:          "b",
		`connection.status = UNKNOWN`:         "d e",
		`connection.status != UNKNOWN`:        "a b c",
		`create_time >= "` + created + `"`:    "c d e",
		`update_time < "` + created + `"`:     "a b",
		`éclair`:                              "e",
		`labels.team = "data" OR paused=true`: "a b",
	} {
		resp := s.list(t, &accountsv1.ListAccountsRequest{Filter: filter})
		if got := strings.Join(ids(resp.GetAccounts()), " "); got != want {
			t.Errorf("%s finds %q, want %q", filter, got, want)
		}
		if int(resp.GetTotalSize()) != len(strings.Fields(want)) {
			t.Errorf("%s: total %d", filter, resp.GetTotalSize())
		}
	}
}

func TestList_Orders(t *testing.T) {
	t.Parallel()
	s := start(t)
	s.some(t)
	if _, err := s.update(t, &accountsv1.Account{Name: "accounts/b", Paused: true, DisplayName: "renamed"}, "display_name"); err != nil {
		t.Fatal(err)
	}
	for order, want := range map[string]string{
		"":                               "a b c d e",
		"name desc":                      "e d c b a",
		"display_name":                   "c a d b e",
		"display_name desc":              "e b d a c",
		"displayName, create_time":       "c a d b e",
		"create_time desc":               "e d c b a",
		"update_time":                    "a c d e b",
		" update_time desc , name desc ": "b e d c a",
	} {
		if got := strings.Join(s.walk(t, &accountsv1.ListAccountsRequest{OrderBy: order, PageSize: 2}, nothing), " "); got != want {
			t.Errorf("by %q: %s, want %s", order, got, want)
		}
	}
}

func TestList_PageSizes(t *testing.T) {
	t.Parallel()
	s := start(t)
	for i := range 52 {
		s.create(t, aws(fmt.Sprintf("%012d", i)))
	}
	for size, want := range map[int32]int{0: 50, 1: 1, 51: 51, 52: 52, 1000: 52, 1 << 30: 52} {
		resp := s.list(t, &accountsv1.ListAccountsRequest{PageSize: size})
		if len(resp.GetAccounts()) != want || (resp.GetNextPageToken() != "") != (want < 52) || resp.GetTotalSize() != 52 {
			t.Errorf("page size %d gives %d of %d, and the token %q", size, len(resp.GetAccounts()), resp.GetTotalSize(), resp.GetNextPageToken())
		}
	}
	_, err := s.accounts.ListAccounts(t.Context(), &accountsv1.ListAccountsRequest{PageSize: -1})
	wantInvalid(t, err, "page_size")
}

// TestList_PagesUnderWrites creates, deletes and reports between pages: accounts that exist all the
// time are listed once.
func TestList_PagesUnderWrites(t *testing.T) {
	t.Parallel()
	for _, order := range []string{"", "name desc", "display_name", "display_name desc, create_time", "create_time desc"} {
		t.Run(order, func(t *testing.T) {
			t.Parallel()
			s := start(t)
			var staying []string
			for i := range 12 {
				req := aws(fmt.Sprintf("%012d", 100+i))
				req.Account.DisplayName = []string{"same", "other"}[i%2]
				staying = append(staying, strings.TrimPrefix(s.create(t, req).GetName(), "accounts/"))
			}
			leaving := s.create(t, aws("000000000090")).GetName()
			seen := s.walk(t, &accountsv1.ListAccountsRequest{OrderBy: order, PageSize: 5}, func(page int) {
				s.create(t, aws(fmt.Sprintf("%012d", page)))
				s.create(t, aws(fmt.Sprintf("%012d", 900+page)))
				s.take(t, syncing("accounts/"+staying[page], 1, time.Minute))
				if page == 0 {
					s.drop(t, leaving)
				}
			})
			for _, id := range staying {
				if n := countOf(seen, id); n != 1 {
					t.Errorf("%s was listed %d times in %v", id, n, seen)
				}
			}
		})
	}
}

func countOf(all []string, one string) int {
	n := 0
	for _, s := range all {
		if s == one {
			n++
		}
	}
	return n
}

func TestList_InvalidRequests(t *testing.T) {
	t.Parallel()
	s := start(t)
	s.some(t)
	token := s.list(t, &accountsv1.ListAccountsRequest{PageSize: 2}).GetNextPageToken()
	damaged := []byte(token)
	slices.Reverse(damaged)
	for name, c := range map[string]struct {
		req   *accountsv1.ListAccountsRequest
		field string
	}{
		"unknown field":       {&accountsv1.ListAccountsRequest{Filter: `colour = "red"`}, "filter"},
		"unclosed quote":      {&accountsv1.ListAccountsRequest{Filter: `name = "a`}, "filter"},
		"unknown status":      {&accountsv1.ListAccountsRequest{Filter: `connection.status = FINE`}, "filter"},
		"no time":             {&accountsv1.ListAccountsRequest{Filter: `create_time > yesterday`}, "filter"},
		"NUL":                 {&accountsv1.ListAccountsRequest{Filter: "name = \"a\x00\""}, "filter"},
		"SQL":                 {&accountsv1.ListAccountsRequest{Filter: `name = 'a'; DROP TABLE accounts`}, "filter"},
		"far too long":        {&accountsv1.ListAccountsRequest{Filter: strings.Repeat("a ", 4000)}, "filter"},
		"unknown order":       {&accountsv1.ListAccountsRequest{OrderBy: "colour"}, "order_by"},
		"order by a map":      {&accountsv1.ListAccountsRequest{OrderBy: "labels"}, "order_by"},
		"order in no way":     {&accountsv1.ListAccountsRequest{OrderBy: "name up"}, "order_by"},
		"made-up token":       {&accountsv1.ListAccountsRequest{PageToken: "next"}, "page_token"},
		"damaged token":       {&accountsv1.ListAccountsRequest{PageToken: string(damaged)}, "page_token"},
		"token, other filter": {&accountsv1.ListAccountsRequest{PageToken: token, Filter: "paused = true"}, "page_token"},
		"token, other order":  {&accountsv1.ListAccountsRequest{PageToken: token, OrderBy: "name desc"}, "page_token"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := s.accounts.ListAccounts(t.Context(), c.req)
			wantInvalid(t, err, c.field)
		})
	}
	// A page of another size is no other list.
	rest := s.list(t, &accountsv1.ListAccountsRequest{PageToken: token, PageSize: 100})
	if got := strings.Join(ids(rest.GetAccounts()), " "); got != "c d e" {
		t.Errorf("behind the token: %s", got)
	}
}
