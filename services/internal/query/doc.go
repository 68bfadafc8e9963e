// Package query turns the filter, order_by and page_token of a List request into parameterised Postgres SQL: AIP-160
// filters, AIP-132 orders and keyset pages as in AIP-158. A Schema lists the fields of a resource:
//
//	schema := query.New(
//		query.Field{Path: "name", Column: "uid", Type: query.UUID, Prefix: "instances/", Key: true},
//		query.Field{Path: "state", Column: "state", Type: query.Enum("RUNNING", "STOPPED"), Sortable: true},
//		query.Field{Path: "labels", Column: "labels", Type: query.StringMap},
//	)
//	filter, err := schema.ParseFilter(`state = RUNNING AND labels.team = "data"`)
//	order, err := schema.ParseOrder("state desc")
//	var args query.Args
//	where := filter.Where(&args) // (state = $1 AND labels @> $2::jsonb)
//	after, err := order.After(&args, cursor) // ((state, uid) < ($3::text, $4::uuid))
//	sql := "SELECT …, " + strings.Join(order.CursorColumns(), ", ") +
//		" FROM … WHERE " + where + " AND " + after + " ORDER BY " + order.OrderBy() + " LIMIT …"
//
// A schema without columns belongs to a domain that does not know its storage. The storage adds the columns with
// Filter.On and Order.On.
//
// # Filters
//
// The grammar is that of AIP-160: AND, OR (which binds tighter), NOT or a leading minus, parentheses, and blanks that
// mean AND. Fields are named by proto or by JSON. The type of a field determines the conditions on it:
//
//	String      = != < <= > >= ; = with * at either end: wildcards; : a part of the text, in any case
//	UUID, Enum  = != ; an unknown value is an error
//	Bool        = != ; alone: it must be true
//	Int         = != < <= > >=
//	Timestamp   the same, with RFC 3339 text, bare, quoted or in timestamp(…)
//	Duration    the same, with 20s or 1.5h, bare, quoted or in duration(…)
//	StringMap   labels.key as a String; labels:key has the key; unusual keys in quotes: labels."a b"
//	StringList  : an element, with wildcards
//	all         field:* has a value that is not empty
//
// After a comparator there are only literals, so addresses, timestamps and resource names need no quotes. A word without
// a field is searched for in the Search fields. An argument may be a composite: state = (RUNNING OR PENDING).
//
// A missing value (NULL in a Nullable column, or a key that a map does not have) is equal to nothing, and neither greater
// nor less than anything, so != and NOT match it. A missing String is the empty text, as in the API.
//
// Errors are of the type *Error. They name the field, the column, what was found there, and what may be meant. All
// values are parameters, and no text of a request becomes a part of the SQL. Length, terms and depth are limited.
//
// # Pages
//
// A page ends with a cursor: the values that its last row is sorted by, the key last. The next page has the rows after
// it, so every row that stays is listed exactly once, even if others are written in between. A token carries the cursor
// between requests. It is bound to the fingerprint of the request.
//
// # Indexes
//
// The indexes that the conditions are written for:
//
//	column = $1, column LIKE 'web%'              btree (LIKE: of the C collation)
//	(a, b, key) > ($1, $2, $3)                   btree (a, b, key); not for orders of mixed directions,
//	                                             which use one on their first column
//	labels @> '{"team": "data"}'                 gin (labels jsonb_path_ops), or without jsonb_path_ops
//	labels ? 'team'                              gin (labels): jsonb_path_ops does not support keys alone
//	private_ips @> ARRAY['10.0.0.1']             gin (private_ips)
//	column ILIKE '%web%'                         gin (column gin_trgm_ops), or a scan
//	ORDER BY COALESCE(column, '')                btree on this expression: Nullable columns are sorted by it
//
// Texts compare by the collation of their column, which also determines the cases that ILIKE ignores: with "C", those of
// ASCII. Texts inside a map or a list always compare by "C".
//
// # In memory
//
// Filter.Match matches a row in memory without allocations. Tests compare its answers with those of the SQL and with
// those of an oracle.
//
// # Why not the parser of go.einride.tech/aip
//
// The filtering package there can't parse web-1, eu-west-1, m6i.2xlarge, 10.0.0.1, 20s or a timestamp without quotes, and
// its checker does not report the position of a mistake. A test compares both parsers for everything that both can
// parse.
package query
