package operation

import (
	"bytes"
	"context"
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/rollcall-dev/rollcall/services/discovery/provider"
	"github.com/rollcall-dev/rollcall/services/internal/fault"
)

// counter issues fencing tokens.
type counter struct{ last int64 }

func (c *counter) NextToken(context.Context) (int64, error) {
	c.last++
	return c.last, nil
}

func TestObserve_Panic(t *testing.T) {
	var log bytes.Buffer
	o := observer{tokens: &counter{}, limit: time.Minute, logger: slog.New(slog.NewTextHandler(&log, nil))}
	_, err := observe(t.Context(), o, func(context.Context) ([]provider.Progress, error) { panic("read") })
	f := provider.FaultOf(err)
	if err == nil || f.Reason != fault.ReasonInternal || !provider.IsOwnFault(f) || !strings.Contains(log.String(), "panic=read") ||
		strings.Contains(f.Message, "panic") {
		t.Errorf("%v; log:\n%s", err, log.String())
	}
}

func TestObserve_TakesATokenBeforeAndAfter(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tokens := &counter{}
		start := time.Now()
		o := observer{tokens: tokens, limit: time.Minute, logger: slog.New(slog.DiscardHandler)}
		all, err := observe(t.Context(), o, func(ctx context.Context) ([]string, error) {
			if deadline, ok := ctx.Deadline(); !ok || deadline.Sub(start) != time.Minute {
				t.Errorf("the read has until %v", deadline)
			}
			if tokens.last != 1 {
				t.Errorf("%d tokens were taken before the read", tokens.last)
			}
			<-time.After(time.Second)
			return []string{"a"}, nil
		})
		want := observed[string]{value: "a", span: span{token: 1, endToken: 2, time: start}}
		if err != nil || len(all) != 1 || all[0] != want {
			t.Errorf("%+v, %v; want %+v", all, err, want)
		}
	})
}

func TestBatcher_RequestsThatComeMeanwhileGoTogether(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var sizes []int
		b := newBatcher(t.Context(), 3, func(_ context.Context, in []int) ([]int, error) {
			sizes = append(sizes, len(in))
			<-time.After(time.Second)
			out := make([]int, len(in))
			for n := range in {
				out[n] = 10 * in[n]
			}
			return out, nil
		})
		for n := range 5 {
			go func() {
				<-time.After(time.Duration(n) * time.Millisecond)
				if got, err := b.ask(t.Context(), n); err != nil || got != 10*n {
					t.Errorf("%d: %d, %v", n, got, err)
				}
			}()
		}
		<-time.After(time.Minute)
		b.wait()
		if len(sizes) != 3 || sizes[0] != 1 || sizes[1] != 3 || sizes[2] != 1 {
			t.Errorf("five requests became calls of %v", sizes)
		}
	})
}
