package cli

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"

	"google.golang.org/protobuf/proto"
)

// page is the response of a list method.
type page interface {
	proto.Message
	GetNextPageToken() string
}

// listing is a list method with the way to print its items.
type listing[T proto.Message, A page] struct {
	// key is the JSON name of the field with the items.
	key     string
	columns []column[T]
	// fetch reads a page of up to size items.
	fetch func(ctx context.Context, size int32, token string) (A, error)
	items func(A) []T
	// footnote prints to stderr after the items. It gets the last page and the number of items
	// shown.
	footnote func(last A, shown int)
}

// largestPage is the largest page size that the services accept.
const largestPage = 1000

// each calls take with every item of all pages, or with the first limit items if limit is above 0,
// and returns the last page.
func (l listing[T, A]) each(ctx context.Context, limit int, take func(T) error) (last A, shown int, err error) {
	token := ""
	for {
		size := largestPage
		if limit > 0 {
			size = min(size, limit-shown)
		}
		page, err := l.fetch(ctx, int32(size), token)
		if err != nil {
			return last, shown, err
		}
		for _, item := range l.items(page) {
			if limit > 0 && shown == limit {
				break
			}
			if err := take(item); err != nil {
				return last, shown, err
			}
			shown++
		}
		last, token = page, page.GetNextPageToken()
		if token == "" || limit > 0 && shown >= limit {
			return last, shown, nil
		}
	}
}

// print prints the list in the output format. JSON and YAML are written as the pages arrive.
func (l listing[T, A]) print(ctx context.Context, s *session, limit int) error {
	switch s.format {
	case formatNDJSON:
		last, shown, err := l.each(ctx, limit, func(item T) error { return printMessage(s.out, formatNDJSON, item) })
		if err == nil {
			l.footnote(last, shown)
		}
		return err
	case formatJSON, formatYAML:
		return l.printDocument(ctx, s, limit)
	}
	var rows []T
	last, shown, err := l.each(ctx, limit, func(item T) error { rows = append(rows, item); return nil })
	if err != nil {
		return err
	}
	if shown > 0 {
		printTable(s, l.columns, rows)
	}
	l.footnote(last, shown)
	return nil
}

// printDocument prints one object like the response of REST: the items of all pages, then the other
// fields of the last page.
func (l listing[T, A]) printDocument(ctx context.Context, s *session, limit int) error {
	document := jsonDocument
	if s.format == formatYAML {
		document = yamlDocument
	}
	begun := false
	last, shown, err := l.each(ctx, limit, func(item T) error {
		text, err := encode(item)
		if err != nil {
			return err
		}
		before := document.between
		if !begun {
			before, begun = fmt.Sprintf(document.begin, l.key), true
		}
		return document.item(s, before, text)
	})
	if err != nil {
		return err
	}
	if shown == 0 {
		fmt.Fprintf(s.out, document.empty, l.key)
	} else {
		fmt.Fprint(s.out, document.end)
	}
	rest, err := restOf(last, l.key)
	if err != nil {
		return err
	}
	if err := document.rest(s, rest); err != nil {
		return err
	}
	l.footnote(last, shown)
	return nil
}

// restOf returns the fields of a page without its items and its page token.
func restOf(last page, key string) (map[string]json.RawMessage, error) {
	text, err := encode(last)
	if err != nil {
		return nil, err
	}
	rest := map[string]json.RawMessage{}
	if err := json.Unmarshal(text, &rest); err != nil {
		return nil, err
	}
	delete(rest, key)
	delete(rest, "nextPageToken")
	return rest, nil
}

// documentStyle is the syntax in which printDocument writes a list piece by piece.
type documentStyle struct {
	begin, between, end, empty string

	item func(s *session, before string, text []byte) error
	rest func(s *session, rest map[string]json.RawMessage) error
}

var jsonDocument = documentStyle{
	begin: "{\n  %q: [\n    ", between: ",\n    ", end: "\n  ]", empty: "{\n  %q: []",
	item: func(s *session, before string, text []byte) error {
		b := bytes.NewBufferString(before)
		if err := json.Indent(b, text, "    ", "  "); err != nil {
			return err
		}
		_, err := s.out.Write(b.Bytes())
		return err
	},
	rest: func(s *session, rest map[string]json.RawMessage) error {
		var b bytes.Buffer
		for _, key := range slices.Sorted(maps.Keys(rest)) {
			fmt.Fprintf(&b, ",\n  %q: ", key)
			if err := json.Indent(&b, rest[key], "  ", "  "); err != nil {
				return err
			}
		}
		b.WriteString("\n}\n")
		_, err := s.out.Write(b.Bytes())
		return err
	},
}

var yamlDocument = documentStyle{
	begin: "%s:\n", empty: "%s: []\n",
	item: func(s *session, before string, text []byte) error {
		converted, err := toYAML(slices.Concat([]byte("["), text, []byte("]")))
		if err != nil {
			return err
		}
		_, err = fmt.Fprintf(s.out, "%s%s", before, converted)
		return err
	},
	rest: func(s *session, rest map[string]json.RawMessage) error {
		if len(rest) == 0 {
			return nil
		}
		text, err := json.Marshal(rest)
		if err != nil {
			return err
		}
		return printJSON(s.out, formatYAML, text)
	},
}
