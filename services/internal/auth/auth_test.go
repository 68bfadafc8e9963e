package auth

import (
	"context"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"google.golang.org/grpc/metadata"

	"github.com/rollcall-dev/rollcall/services/internal/fault"
)

const method = "/rollcall.accounts.v1.ConnectionService/GetCredentials"

// signed returns the context of a call that PerRPC signed, as its receiver sees it.
func signed(t *testing.T, key Key, caller string) context.Context {
	t.Helper()
	headers, err := PerRPC(key, caller).GetRequestMetadata(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return metadata.NewIncomingContext(t.Context(), metadata.New(headers))
}

// withTokens returns the context of a call with the given tokens.
func withTokens(t *testing.T, tokens ...string) context.Context {
	t.Helper()
	return metadata.NewIncomingContext(t.Context(), metadata.MD{header: tokens})
}

func expiring(at time.Time) jwt.MapClaims {
	return jwt.MapClaims{"iss": "discovery", "exp": at.Unix()}
}

// token returns a token of claims, signed with key.
func token(t *testing.T, key any, signing jwt.SigningMethod, claims jwt.Claims) string {
	t.Helper()
	text, err := jwt.NewWithClaims(signing, claims).SignedString(key)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

func TestRequire(t *testing.T) {
	key := NewKey()
	hs256, now := jwt.SigningMethodHS256, time.Now()
	good := token(t, key.bytes(), hs256, expiring(now.Add(tokenLife)))
	const unauthenticated, denied = fault.ReasonCallerUnknown, fault.ReasonCallerRefused
	for name, tt := range map[string]struct {
		ctx  context.Context
		want fault.Reason
	}{
		"the caller":            {signed(t, key, "discovery"), ""},
		"another service":       {signed(t, key, "gateway"), denied},
		"another key":           {signed(t, NewKey(), "discovery"), denied},
		"no metadata":           {t.Context(), unauthenticated},
		"no token":              {withTokens(t), unauthenticated},
		"two tokens":            {withTokens(t, good, good), unauthenticated},
		"not a token":           {withTokens(t, "x"), denied},
		"an empty token":        {withTokens(t, ""), denied},
		"no expiry":             {withTokens(t, token(t, key.bytes(), hs256, jwt.MapClaims{"iss": "discovery"})), denied},
		"expired":               {withTokens(t, token(t, key.bytes(), hs256, expiring(now.Add(-clockSkew-10*time.Second)))), denied},
		"expired by clock skew": {withTokens(t, token(t, key.bytes(), hs256, expiring(now.Add(-clockSkew+20*time.Second)))), ""},
		"no issuer":             {withTokens(t, token(t, key.bytes(), hs256, jwt.MapClaims{"exp": now.Add(tokenLife).Unix()})), denied},
		"another algorithm":     {withTokens(t, token(t, key.bytes(), jwt.SigningMethodHS512, expiring(now.Add(tokenLife)))), denied},
		"no signature":          {withTokens(t, token(t, jwt.UnsafeAllowNoneSignatureType, jwt.SigningMethodNone, expiring(now.Add(tokenLife)))), denied},
	} {
		t.Run(name, func(t *testing.T) {
			err := Require(key, "discovery")(tt.ctx, method)
			if (err != nil) != (tt.want != "") || fault.ReasonOf(err) != tt.want {
				t.Errorf("got %v, want reason %q", err, tt.want)
			}
		})
	}
}

func TestRequire_Kinds(t *testing.T) {
	require := Require(NewKey(), "discovery")
	if kind := fault.KindOf(require(t.Context(), method)); kind != fault.KindUnauthenticated {
		t.Errorf("without a token: kind %d", kind)
	}
	if kind := fault.KindOf(require(withTokens(t, "x"), method)); kind != fault.KindPermissionDenied {
		t.Errorf("with a wrong token: kind %d", kind)
	}
}

func TestRequire_WithoutAKeyNobodyIsAdmitted(t *testing.T) {
	var none Key
	byEmptyKey := withTokens(t, token(t, []byte{}, jwt.SigningMethodHS256, expiring(time.Now().Add(tokenLife))))
	for name, ctx := range map[string]context.Context{
		"signed with a key": signed(t, NewKey(), "discovery"), "signed with an empty key": byEmptyKey,
	} {
		if err := Require(none, "discovery")(ctx, method); fault.KindOf(err) != fault.KindUnauthenticated {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestRequire_OpenMethods(t *testing.T) {
	require := Require(NewKey(), "discovery")
	for method, open := range map[string]bool{
		"/grpc.health.v1.Health/Check":                                   true,
		"/grpc.reflection.v1.ServerReflection/ServerReflectionInfo":      true,
		"/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo": true,
		"/rollcall.accounts.v1.ConnectionService/GetCredentials":         false,
		"/rollcall.accounts.v1.AccountService/grpc.health.v1.Health":     false,
		"/grpc.channelz.v1.Channelz/GetTopChannels":                      false,
		"/x/grpc.reflection.v1.ServerReflection/ServerReflectionInfo":    false,
		"/rollcall.inventory.v1.IngestService/ApplySnapshot":             false,
		"/grpc.healthy.v1.Health/Check":                                  false,
		"":                                                               false,
	} {
		if err := require(t.Context(), method); (err == nil) != open {
			t.Errorf("%s: %v", method, err)
		}
	}
}

func TestPerRPC_TokensExpireInAMinute(t *testing.T) {
	key := NewKey()
	headers, err := PerRPC(key, "discovery").GetRequestMetadata(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	var claims jwt.RegisteredClaims
	if _, err := jwt.ParseWithClaims(headers[header], &claims, func(*jwt.Token) (any, error) { return key.bytes(), nil }); err != nil {
		t.Fatal(err)
	}
	if life := claims.ExpiresAt.Sub(claims.IssuedAt.Time); life != time.Minute {
		t.Errorf("the token is valid for %v", life)
	}
	if PerRPC(key, "discovery").RequireTransportSecurity() {
		t.Error("the credentials can't be used without TLS")
	}
}
