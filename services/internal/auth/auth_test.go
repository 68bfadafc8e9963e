package auth_test

import (
	"context"
	"fmt"
	"testing"

	"google.golang.org/grpc/metadata"

	"github.com/rollcall-dev/rollcall/services/internal/auth"
	"github.com/rollcall-dev/rollcall/services/internal/fault"
)

const method = "/rollcall.accounts.v1.ConnectionService/GetCredentials"

// call is a call's context as its receiver sees it.
func call(t *testing.T, key auth.Key, caller string) context.Context {
	t.Helper()
	headers, err := auth.PerRPC(key, caller).GetRequestMetadata(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return metadata.NewIncomingContext(t.Context(), metadata.New(headers))
}

func TestOnlyTheCallerWhoHoldsTheKeyGetsIn(t *testing.T) {
	key := auth.NewKey()
	require := auth.Require(key, "discovery")
	for name, tt := range map[string]struct {
		ctx     context.Context
		refused bool
		kind    fault.Kind
	}{
		"the caller":               {ctx: call(t, key, "discovery")},
		"another service":          {call(t, key, "gateway"), true, fault.KindPermissionDenied},
		"another key":              {call(t, auth.NewKey(), "discovery"), true, fault.KindPermissionDenied},
		"nobody":                   {t.Context(), true, fault.KindUnauthenticated},
		"a token that is no token": {metadata.NewIncomingContext(t.Context(), metadata.Pairs("rollcall-caller", "x")), true, fault.KindPermissionDenied},
	} {
		t.Run(name, func(t *testing.T) {
			err := require(tt.ctx, method)
			if (err != nil) != tt.refused || (err != nil && fault.KindOf(err) != tt.kind) {
				t.Errorf("got %v", err)
			}
		})
	}
}

func TestWithoutAKeyNobodyGetsIn(t *testing.T) {
	var none auth.Key
	if err := auth.Require(none, "discovery")(call(t, auth.NewKey(), "discovery"), method); err == nil {
		t.Error("a service without a key let a caller in")
	}
}

func TestAnyoneMayAskForHealth(t *testing.T) {
	if err := auth.Require(auth.NewKey(), "discovery")(t.Context(), "/grpc.health.v1.Health/Check"); err != nil {
		t.Error(err)
	}
}

func TestKeyNeverPrints(t *testing.T) {
	var key auth.Key
	text := "c2VjcmV0c2VjcmV0c2VjcmV0c2VjcmV0c2VjcmV0c2U="
	if err := key.UnmarshalText([]byte(text)); err != nil {
		t.Fatal(err)
	}
	for _, form := range []string{"%v", "%+v", "%#v", "%s"} {
		if got := fmt.Sprintf(form, key); got != "(key)" {
			t.Errorf("%s prints %q", form, got)
		}
	}
	if err := key.UnmarshalText([]byte("short")); err == nil {
		t.Error("a short key was taken")
	}
}
