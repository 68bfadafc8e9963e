package sync

import (
	"bytes"
	"context"
	"log/slog"
	"strings"
	"testing"

	"github.com/rollcall-dev/rollcall/services/discovery/provider"
	"github.com/rollcall-dev/rollcall/services/internal/cloud"
	"github.com/rollcall-dev/rollcall/services/internal/fault"
)

// broken is a provider and session that panics on every call.
type broken struct{ provider.Session }

func (broken) Read(context.Context, provider.ScopeID, provider.Sink) error { panic("read") }
func (broken) ReadBatch(context.Context, string, provider.BatchSink) error { panic("batch") }
func (broken) Batch(provider.ScopeID) string                               { return "" }
func (broken) Identity(context.Context) (string, error)                    { panic("identity") }
func (broken) Open(context.Context, provider.Account, provider.Credentials) (provider.Session, error) {
	return broken{}, nil
}
func (broken) Probe(context.Context, provider.ScopeID, []provider.Wanted, provider.Calls) ([]provider.Finding, error) {
	panic("find")
}

// credentialSource has credentials for every account.
type credentialSource struct{ Accounts }

func (credentialSource) Credentials(context.Context, string) (provider.Credentials, error) {
	return nil, nil
}

// A panic in provider code is a failure of that account or scope, and is logged with its stack.
func TestAccountReader_Panic(t *testing.T) {
	t.Parallel()
	var log bytes.Buffer
	logger := slog.New(slog.NewTextHandler(&log, nil))
	syncer := &Syncer{Providers: map[cloud.Provider]provider.Provider{cloud.GCP: broken{}}, Accounts: credentialSource{}}
	r := &accountReader{syncer: syncer, session: broken{}, logger: logger}
	_, _, opened := syncer.signIn(t.Context(), provider.Account{Provider: cloud.GCP}, logger)
	_, found := (&absenceProbe{reader: r}).find(t.Context(), nil)
	for what, err := range map[string]error{
		"identity": opened, "find": found,
		"read":  r.list(t.Context(), provider.ScopeID{}, nil),
		"batch": (&batchReader{reader: r}).list(t.Context(), ""),
	} {
		failure := provider.FaultOf(err)
		if err == nil || failure.Reason != fault.ReasonInternal || !provider.IsOwnFault(failure) || !strings.Contains(log.String(), "panic="+what) || strings.Contains(failure.Message, "panic") {
			t.Errorf("%s: %v; log:\n%s", what, err, log.String())
		}
	}
	if !strings.Contains(log.String(), "recover_test.go") {
		t.Error("the log has no stack")
	}
}
