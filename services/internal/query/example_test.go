package query_test

import (
	"fmt"

	"github.com/rollcall-dev/rollcall/services/internal/query"
)

func Example() {
	schema := query.New(
		query.Field{Path: "name", Column: "uid", Type: query.UUID, Prefix: "instances/", Key: true},
		query.Field{Path: "account", Column: "account", Type: query.String, Prefix: "accounts/"},
		query.Field{Path: "display_name", Column: "display_name", Type: query.String, Sortable: true, Search: true},
		query.Field{Path: "state", Column: "state", Type: query.Enum("RUNNING", "STOPPED")},
		query.Field{Path: "labels", Column: "labels", Type: query.StringMap},
	)
	const filterText, orderText = `state = RUNNING AND labels.team = "data" account = accounts/aws-1`, "displayName desc"

	filter, err := schema.ParseFilter(filterText)
	if err != nil {
		fmt.Println(err)
		return
	}
	order, err := schema.ParseOrder(orderText)
	if err != nil {
		fmt.Println(err)
		return
	}
	// The parts that must not change from page to page.
	fingerprint := query.Fingerprint(filterText, orderText)
	token := query.EncodeToken(fingerprint, []string{"web-1", "6ba7b810-9dad-41d1-80b4-00c04fd430c8"})

	var cursor []string
	if err := query.DecodeToken(token, fingerprint, &cursor); err != nil {
		fmt.Println(err)
		return
	}
	args := query.Args{50}
	where := filter.Where(&args)
	after, err := order.After(&args, cursor)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println("WHERE", where)
	fmt.Println("AND", after)
	fmt.Println("ORDER BY", order.OrderBy(), "LIMIT $1")
	fmt.Println(args...)
	// Which accounts can own a row that matches, by a table of accounts?
	var ofAccount query.Args
	fmt.Println(filter.Implied(&ofAccount, func(path string) query.Counterpart {
		if path == "account" {
			return query.Counterpart{Column: "accounts.uid"}
		}
		return query.Counterpart{}
	}), ofAccount)
	// Output:
	// WHERE (state = $2 AND labels @> $3::jsonb AND account = $4)
	// AND ((display_name, uid) < ($5::text, $6::uuid))
	// ORDER BY display_name DESC, uid DESC LIMIT $1
	// 50 RUNNING {"team":"data"} aws-1 web-1 6ba7b810-9dad-41d1-80b4-00c04fd430c8
	// (accounts.uid = $1) [aws-1]
}

func ExampleSchema_ParseFilter_mistake() {
	schema := query.New(
		query.Field{Path: "display_name", Column: "display_name", Type: query.String},
		query.Field{Path: "state", Column: "state", Type: query.Enum("RUNNING", "STOPPED")},
	)
	for _, text := range []string{`displayNmae = "web"`, `state = RUNNIN`, `state = RUNNING and web`, `(state = RUNNING`} {
		_, err := schema.ParseFilter(text)
		fmt.Println(err)
	}
	// Output:
	// filter: column 1: there is no field `displayNmae`; did you mean `displayName`?
	// filter: column 9: `RUNNIN` does not fit: `state` has no such value; did you mean `RUNNING`? It is one of `RUNNING`, `STOPPED`
	// filter: column 17: write `and` in capitals, or in quotes if you mean the word
	// filter: column 1: this `(` is never closed
}
