package cli

import (
	"fmt"
	"io"
	"strings"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/jedib0t/go-pretty/v6/text"
)

// column is one column of a table with rows of type T.
type column[T any] struct {
	title string
	// cell returns the text for a row, cleaned and coloured.
	cell  func(s *session, row T) string
	right bool
}

// plainTable returns the style of a table without lines, with two blanks between columns.
func plainTable() table.Style {
	st := table.StyleDefault
	st.Box.PaddingLeft, st.Box.PaddingRight = "", "  "
	st.Box.UnfinishedRow = "…"
	st.Options = table.OptionsNoBordersAndSeparators
	st.Format.Header = text.FormatDefault
	return st
}

// printTable prints rows below the titles of their columns.
func printTable[T any](s *session, columns []column[T], rows []T) {
	t := table.NewWriter()
	st := plainTable()
	st.Size.WidthMax = width(s.out)
	t.SetStyle(st)
	t.SuppressTrailingSpaces()
	var header table.Row
	var configs []table.ColumnConfig
	for i, c := range columns {
		header = append(header, s.outStyle.bold(strings.ToUpper(c.title)))
		if c.right {
			configs = append(configs, table.ColumnConfig{Number: i + 1, Align: text.AlignRight, AlignHeader: text.AlignRight})
		}
	}
	t.AppendHeader(header)
	t.SetColumnConfigs(configs)
	for _, row := range rows {
		var cells table.Row
		for _, c := range columns {
			cells = append(cells, c.cell(s, row))
		}
		t.AppendRow(cells)
	}
	fmt.Fprintln(s.out, t.Render())
}

// field is one line of the view of a single resource.
type field struct{ name, value string }

// printFields prints names and values in two columns, and omits fields without a value.
func printFields(out io.Writer, st style, fields []field) {
	longest := 0
	for _, f := range fields {
		longest = max(longest, len(f.name))
	}
	for _, f := range fields {
		if f.value == "" {
			continue
		}
		value := strings.ReplaceAll(f.value, "\n", "\n"+strings.Repeat(" ", longest+2))
		fmt.Fprintf(out, "%s  %s\n", st.dim(fmt.Sprintf("%-*s", longest, f.name)), value)
	}
}
