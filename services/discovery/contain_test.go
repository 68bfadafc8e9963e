package discovery

import (
	"bytes"
	"context"
	"log/slog"
	"strings"
	"testing"
	"time"
)

// broken is a way into a cloud that sends what we did not think of.
type broken struct{ Session }

func (broken) Read(context.Context, ScopeID, Sink) error                   { panic("read") }
func (broken) ReadBatch(context.Context, string, BatchSink) error          { panic("batch") }
func (broken) Batch(ScopeID) string                                        { return "" }
func (broken) Identity(context.Context) (string, error)                    { panic("identity") }
func (broken) Open(context.Context, Account, Credentials) (Session, error) { return broken{}, nil }
func (broken) Find(context.Context, ScopeID, []Wanted, Calls) ([]Finding, error) {
	panic("find")
}

// keyring knows one account.
type keyring struct{ Accounts }

func (keyring) Credentials(context.Context, string) (Credentials, error) { return nil, nil }

// A panic in what reads a cloud is a failure of that account's, or of that scope's,
// and is logged with its place.
func TestAPanicIsContained(t *testing.T) {
	t.Parallel()
	var log bytes.Buffer
	logger := slog.New(slog.NewTextHandler(&log, nil))
	syncer := &Syncer{Providers: map[ProviderName]Provider{GCP: broken{}}, Accounts: keyring{}}
	r := &reading{Syncer: syncer, session: broken{}, logger: logger}
	_, _, opened := syncer.open(t.Context(), Account{Provider: GCP}, logger)
	_, found := (&question{reading: r}).find(t.Context(), nil)
	_, looked := look(t.Context(), &place{places: &places{logger: logger, Conductor: &Conductor{Operations: numbers{}, Limits: OperationLimits{Look: time.Minute}}}},
		func(context.Context) ([]Progress, error) { panic("look") })
	for what, err := range map[string]error{
		"identity": opened, "find": found, "look": looked,
		"read":  r.list(t.Context(), ScopeID{}, nil),
		"batch": (&batch{reading: r}).read(t.Context(), ""),
	} {
		failure := FailureOf(err)
		if err == nil || failure.Reason != Internal || !failure.Ours || !strings.Contains(log.String(), "panic="+what) || strings.Contains(failure.Message, "panic") {
			t.Errorf("%s: %v; log:\n%s", what, err, log.String())
		}
	}
	if !strings.Contains(log.String(), "contain_test.go") {
		t.Error("the log does not say where it was")
	}
}

// numbers numbers observations.
type numbers struct{ Operations }

func (numbers) NextToken(context.Context) (int64, error) { return 1, nil }
