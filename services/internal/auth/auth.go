// Package auth lets a service verify which other service calls it. The caller and the
// services that it may call share a key. Each call has a token that is signed with
// the key and valid for one minute (JWT, RFC 7519, HS256).
package auth

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/metadata"

	"github.com/rollcall-dev/rollcall/services/internal/fault"
)

const (
	// tokenLife is how long a token is valid.
	tokenLife = time.Minute
	// clockSkew is how far the clocks of two machines may differ.
	clockSkew = 30 * time.Second
	// header is the gRPC metadata key of the token.
	header = "rollcall-caller"
)

// PerRPC returns credentials that sign each call as coming from caller.
func PerRPC(key Key, caller string) credentials.PerRPCCredentials {
	return perRPC{key: key, caller: caller}
}

type perRPC struct {
	key    Key
	caller string
}

// GetRequestMetadata signs one call.
func (p perRPC) GetRequestMetadata(context.Context, ...string) (map[string]string, error) {
	now := time.Now()
	token, err := jwt.NewWithClaims(jwt.SigningMethodHS256, jwt.RegisteredClaims{
		Issuer:    p.caller,
		IssuedAt:  jwt.NewNumericDate(now),
		ExpiresAt: jwt.NewNumericDate(now.Add(tokenLife)),
	}).SignedString(p.key.bytes())
	if err != nil {
		return nil, fmt.Errorf("sign the call: %w", err)
	}
	return map[string]string{header: token}, nil
}

// RequireTransportSecurity returns false. The token proves who calls and contains no
// secret; encryption is left to the network (a mesh or a TLS proxy).
func (perRPC) RequireTransportSecurity() bool { return false }

// Require returns an authorizer that admits only calls signed by caller with key. If
// there is no key, it admits nobody. Health and reflection stay open to all.
func Require(key Key, caller string) func(ctx context.Context, fullMethod string) error {
	parser := jwt.NewParser(jwt.WithValidMethods([]string{jwt.SigningMethodHS256.Name}),
		jwt.WithIssuer(caller), jwt.WithExpirationRequired(), jwt.WithLeeway(clockSkew))
	return func(ctx context.Context, fullMethod string) error {
		if isOpen(fullMethod) {
			return nil
		}
		tokens := metadata.ValueFromIncomingContext(ctx, header)
		if len(tokens) != 1 || key.IsZero() {
			return fault.New(fault.KindUnauthenticated, fault.ReasonCallerUnknown,
				"%s is internal: only %s may call it, and this call does not identify its caller", fullMethod, caller)
		}
		_, err := parser.Parse(tokens[0], func(*jwt.Token) (any, error) { return key.bytes(), nil })
		if err != nil {
			return fault.New(fault.KindPermissionDenied, fault.ReasonCallerRefused,
				"%s is internal: only %s may call it, and the token of this call does not prove that", fullMethod, caller).WithCause(err)
		}
		return nil
	}
}

// isOpen reports whether a method is open to everyone who reaches the listener. Open
// methods return nothing about accounts.
func isOpen(fullMethod string) bool {
	return strings.HasPrefix(fullMethod, "/grpc.health.v1.") || strings.HasPrefix(fullMethod, "/grpc.reflection.")
}
