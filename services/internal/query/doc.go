// Package query turns the filter, order_by and page_token of a List request into
// parameterised Postgres SQL: AIP-160 filters, AIP-132 orders and keyset pages of
// AIP-158. A Schema says once which fields a resource has and which column each
// is; all else follows:
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
// # Filters
//
// The grammar is AIP-160's: AND, OR (which binds tighter), NOT or a leading
// minus, parentheses, and blanks that mean AND. Fields are named as in proto or in
// JSON. What can be asked of a field follows from its type:
//
//	String      = != < <= > >= ; = with * at either end: wildcards; : a part of it, whatever the case
//	UUID, Enum  = != ; an unknown value is a mistake
//	Bool        = != ; alone, it must be true
//	Int         = != < <= > >=
//	Timestamp   the same, with RFC 3339 text, bare, quoted or in timestamp(…)
//	Duration    the same, with 20s or 1.5h, bare, quoted or in duration(…)
//	StringMap   labels.key as a String; labels:key has the key; odd keys in quotes: labels."a b"
//	StringList  : an element, with wildcards
//	all         field:* is there and not empty
//
// To the right of a comparator are only literals, so addresses, timestamps and
// resource names need no quotes. A word that stands alone is searched for in
// the Search fields. An argument may be a composite: state = (RUNNING OR PENDING).
//
// Missing values (NULL in a Nullable column, a key that a map does not have)
// equal nothing and come before and after nothing, so that != and NOT match them. A
// missing String is the empty text, as it is in the API.
//
// Mistakes are faults that name the column, what was found there and what may
// have been meant. All values are parameters; nothing that a request says becomes
// part of the SQL. Length, terms and depth are bounded.
//
// # Pages
//
// A page ends with a cursor: the values that its last row is sorted by, the key
// last. The next page is what comes after them, so what stays is listed exactly
// once, whatever is written in between. A token carries the cursor between
// requests, bound to the fingerprint of the request that it was made for.
//
// # Indexes
//
// What each condition is written for:
//
//	column = $1, column LIKE 'web%'              btree (LIKE: of the C collation)
//	(a, b, key) > ($1, $2, $3)                   btree (a, b, key); not for orders of mixed directions,
//	                                             which use one on their first column
//	labels @> '{"team": "data"}'                 gin (labels jsonb_path_ops), or without jsonb_path_ops
//	labels ? 'team'                              gin (labels): jsonb_path_ops does not know keys alone
//	private_ips @> ARRAY['10.0.0.1']             gin (private_ips)
//	column ILIKE '%web%'                         gin (column gin_trgm_ops), or a scan
//	ORDER BY COALESCE(column, '')                btree on this expression: Nullable columns are sorted by it
//
// Texts compare by the collation of their column, and ILIKE knows the cases that
// it knows: with "C", those of ASCII. Texts inside a map or a list always compare
// by "C".
//
// # In memory
//
// Filter.Match asks the same of a row in memory, without garbage. Tests hold it,
// the SQL and an oracle to the same answers.
//
// # Why not the parser of go.einride.tech/aip
//
// The filtering package there can't read web-1, eu-west-1, m6i.2xlarge, 10.0.0.1,
// 20s or a timestamp without quotes, and its checker does not say where a mistake
// is. A test holds this parser to that one for all that both can read.
package query
