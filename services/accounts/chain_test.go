package accounts_test

import (
	"context"
	"strings"
	"testing"

	"github.com/rollcall-dev/rollcall/services/accounts"
	"github.com/rollcall-dev/rollcall/services/internal/cloud"
	"github.com/rollcall-dev/rollcall/services/internal/fault"
)

// world is a set of accounts by id, each with the id of its source.
type world map[string]string

func (w world) account(id string) *accounts.Account {
	provider := cloud.AWS
	if strings.HasPrefix(id, "gcp-") {
		provider = cloud.GCP
	}
	return &accounts.Account{ID: id, Provider: provider, Credentials: accounts.Credentials{Method: "AWS_ASSUME_ROLE", Source: w[id]}}
}

func (w world) get(_ context.Context, id string) (*accounts.Account, error) {
	if _, ok := w[id]; !ok {
		return nil, fault.NotFound(accounts.Name(id))
	}
	return w.account(id), nil
}

func TestChain(t *testing.T) {
	for name, test := range map[string]struct {
		world   world
		want    string // ids
		problem string
	}{
		"no source":     {world: world{"a": ""}},
		"two sources":   {world: world{"a": "b", "b": "c", "c": ""}, want: "b c"},
		"circle":        {world: world{"a": "b", "b": "a"}, problem: "circle"},
		"missing":       {world: world{"a": "b"}, problem: "accounts/b does not exist"},
		"another cloud": {world: world{"a": "gcp-b", "gcp-b": ""}, problem: "is an account of GCP"},
		"too long":      {world: world{"a": "a1", "a1": "a2", "a2": "a3", "a3": "a4", "a4": "a5", "a5": "a6", "a6": ""}, problem: "more than 5"},
		"just allowed":  {world: world{"a": "a1", "a1": "a2", "a2": "a3", "a3": "a4", "a4": "a5", "a5": ""}, want: "a1 a2 a3 a4 a5"},
	} {
		t.Run(name, func(t *testing.T) {
			chain, err := accounts.Chain(t.Context(), test.world.account("a"), test.world.get)
			var ids []string
			for _, link := range chain {
				ids = append(ids, link.ID)
			}
			if got := strings.Join(ids, " "); got != test.want {
				t.Errorf("chain %q, want %q", got, test.want)
			}
			if test.problem == "" {
				if err != nil {
					t.Error(err)
				}
				return
			}
			if err == nil || !strings.Contains(err.Error(), test.problem) || wantField(err) != "account.aws.assume_role.source_account" {
				t.Errorf("fault %v on %q, want %q", err, wantField(err), test.problem)
			}
		})
	}
}
