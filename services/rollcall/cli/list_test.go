package cli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"strconv"
	"testing"

	"go.yaml.in/yaml/v3"

	inventoryv1 "github.com/rollcall-dev/rollcall/gen/rollcall/inventory/v1"
)

// pages returns a list method with n instances in pages of up to three.
func pages(n int, footnotes *[]int) listing[*inventoryv1.Instance, *inventoryv1.ListInstancesResponse] {
	const largest = 3
	return listing[*inventoryv1.Instance, *inventoryv1.ListInstancesResponse]{
		key:     "instances",
		columns: instanceColumns,
		items:   (*inventoryv1.ListInstancesResponse).GetInstances,
		fetch: func(_ context.Context, size int32, token string) (*inventoryv1.ListInstancesResponse, error) {
			from := 0
			if token != "" {
				from, _ = strconv.Atoi(token)
			}
			to := min(n, from+min(int(size), largest))
			answer := &inventoryv1.ListInstancesResponse{TotalSize: int32(n), Unreachable: []string{"scopes/a~database~b"}}
			for i := from; i < to; i++ {
				answer.Instances = append(answer.Instances, &inventoryv1.Instance{
					Name: fmt.Sprintf("instances/%d", i), DisplayName: "true: \"quoted\"\nyes",
					Labels: map[string]string{"no": "0123", "empty": ""},
				})
			}
			if to < n {
				answer.NextPageToken = strconv.Itoa(to)
			}
			return answer, nil
		},
		footnote: func(_ *inventoryv1.ListInstancesResponse, shown int) { *footnotes = append(*footnotes, shown) },
	}
}

func TestListing_Documents(t *testing.T) {
	for _, f := range []format{formatJSON, formatYAML} {
		for _, c := range []struct{ n, limit, want int }{{0, 0, 0}, {1, 0, 1}, {3, 0, 3}, {8, 0, 8}, {8, 4, 4}, {8, 3, 3}, {8, 100, 8}} {
			s, out, _ := newTestSession(f)
			var shown []int
			if err := pages(c.n, &shown).print(t.Context(), s, c.limit); err != nil {
				t.Fatal(err)
			}
			var got struct {
				Instances []map[string]any
				TotalSize int `yaml:"totalSize"`
				Freshness map[string]any
				// NextPageToken must be missing.
				NextPageToken *string `yaml:"nextPageToken"`
				Unreachable   []string
			}
			var err error
			if f == formatJSON {
				err = json.Unmarshal(out.Bytes(), &got)
			} else {
				err = yaml.Unmarshal(out.Bytes(), &got)
			}
			if err != nil {
				t.Fatalf("%s of %d: %v\n%s", f, c.n, err, out)
			}
			if len(got.Instances) != c.want || got.Instances == nil || got.TotalSize != c.n || len(got.Unreachable) != 1 || got.NextPageToken != nil {
				t.Errorf("%s of %d, limit %d:\n%s", f, c.n, c.limit, out)
			}
			if !reflect.DeepEqual(shown, []int{c.want}) {
				t.Errorf("footnote of %v", shown)
			}
			for i, instance := range got.Instances {
				if instance["name"] != fmt.Sprintf("instances/%d", i) || instance["displayName"] != "true: \"quoted\"\nyes" ||
					!reflect.DeepEqual(instance["labels"], map[string]any{"no": "0123", "empty": ""}) {
					t.Errorf("%s: %v", f, instance)
				}
			}
		}
	}
}

func TestListing_Lines(t *testing.T) {
	s, out, _ := newTestSession(formatNDJSON)
	var shown []int
	if err := pages(7, &shown).print(t.Context(), s, 0); err != nil {
		t.Fatal(err)
	}
	decoder := json.NewDecoder(out)
	for i := range 7 {
		var instance map[string]any
		if err := decoder.Decode(&instance); err != nil || instance["name"] != fmt.Sprintf("instances/%d", i) || instance["state"] != "STATE_UNSPECIFIED" {
			t.Fatalf("line %d: %v %v", i, instance, err)
		}
	}
}

func TestPrintTable(t *testing.T) {
	s, out, _ := newTestSession(formatTable)
	printTable(s, groupColumns([]string{"account", "labels.team"}), []*inventoryv1.AggregateInstancesResponse_Group{
		{Values: []string{"accounts/aws-1", "data"}, Count: 12345}, {Values: []string{"accounts/aws-22", ""}, Count: 7},
	})
	const want = `ACCOUNT  LABELS.TEAM  INSTANCES
aws-1    data            12,345
aws-22   -                    7
`
	if out.String() != want {
		t.Errorf("got\n%swant\n%s", out, want)
	}
}

func TestListing_ErrorOnSecondPage(t *testing.T) {
	s, _, _ := newTestSession(formatTable)
	var shown []int
	l := pages(8, &shown)
	fetch := l.fetch
	l.fetch = func(ctx context.Context, size int32, token string) (*inventoryv1.ListInstancesResponse, error) {
		if token != "" {
			return nil, errors.New("away")
		}
		return fetch(ctx, size, token)
	}
	if err := l.print(t.Context(), s, 0); err == nil || err.Error() != "away" {
		t.Errorf("error is %v", err)
	}
	if len(shown) != 0 {
		t.Error("the footnote was printed after an error")
	}
}
