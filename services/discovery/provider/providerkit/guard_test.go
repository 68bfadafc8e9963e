package providerkit

import (
	"strconv"
	"testing"

	"github.com/rollcall-dev/rollcall/services/discovery/provider"
	"github.com/rollcall-dev/rollcall/services/internal/fault"
)

func page(from, count int) []provider.Instance {
	instances := make([]provider.Instance, count)
	for i := range instances {
		instances[i].ProviderID = strconv.Itoa(from + i)
	}
	return instances
}

func TestPaginationGuard(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		// pages returns the n-th of count pages.
		pages func(n int) []provider.Instance
		count int
		limit int64
		fails bool
	}{
		"all new":        {func(n int) []provider.Instance { return page(n*10, 10) }, 1000, 0, false},
		"overlapping":    {func(n int) []provider.Instance { return page(n, 10) }, 1000, 0, false},
		"some empty":     {func(n int) []provider.Instance { return page(n, n%10/9) }, 1000, 0, false},
		"all empty":      {func(int) []provider.Instance { return nil }, 1000, 0, true},
		"all the same":   {func(int) []provider.Instance { return page(0, 10) }, 1000, 0, true},
		"a loop":         {func(n int) []provider.Instance { return page(n%5*10, 10) }, 1000, 0, true},
		"without an id":  {func(int) []provider.Instance { return make([]provider.Instance, 1) }, 1, 0, true},
		"without an end": {func(n int) []provider.Instance { return page(n, 250) }, 6, 1000, true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			g := NewPaginationGuard()
			if test.limit > 0 {
				g.limit = test.limit
			}
			var err error
			n := 0
			for ; n < test.count && err == nil; n++ {
				err = g.Page(test.pages(n))
			}
			if (err != nil) != test.fails {
				t.Errorf("after %d pages: %v", n, err)
			}
			if err != nil && provider.FaultOf(err).Reason != fault.ReasonInternal {
				t.Errorf("the reason is %s", provider.FaultOf(err).Reason)
			}
		})
	}
}
