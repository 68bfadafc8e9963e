package aws_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/rollcall-dev/rollcall/services/cloudsim"
	simaws "github.com/rollcall-dev/rollcall/services/cloudsim/aws"
	"github.com/rollcall-dev/rollcall/services/discovery/provider"
	"github.com/rollcall-dev/rollcall/services/discovery/provider/aws"
	"github.com/rollcall-dev/rollcall/services/internal/cloud"
	"github.com/rollcall-dev/rollcall/services/internal/fault"
	"github.com/rollcall-dev/rollcall/services/internal/secret"
)

// few returns a world with several small accounts.
func few() cloudsim.Config {
	return cloudsim.Config{Transition: cloudsim.Immediately, Clouds: cloudsim.Clouds{simaws.Config{Accounts: 3, Regions: []string{"us-east-1", "eu-west-1"}, Instances: 5, Databases: 2}}}
}

// open opens one of the accounts.
func (c *testCloud) open(t *testing.T, cloudID string, how provider.Credentials) provider.Session {
	t.Helper()
	session, err := c.provider.Open(t.Context(), provider.Account{ID: "aws-" + cloudID, Provider: cloud.AWS, CloudID: cloudID}, how)
	if err != nil {
		t.Fatal(err)
	}
	return session
}

// wantIdentity checks that credentials belong to the account.
func (c *testCloud) wantIdentity(t *testing.T, cloudID string, how provider.Credentials) provider.Session {
	t.Helper()
	session := c.open(t, cloudID, how)
	if got, err := session.Identity(t.Context()); err != nil || got != cloudID {
		t.Fatalf("the identity is %q (%v), want %s", got, err, cloudID)
	}
	return session
}

// wantFailure checks that an error is a fault with the reason and a remedy with the text, and that
// neither the fault nor its cause contains a secret.
func wantFailure(t *testing.T, err error, reason fault.Reason, remedy string, secrets ...string) {
	t.Helper()
	failure, ok := errors.AsType[*fault.Error](err)
	if !ok || failure.Reason != reason || !strings.Contains(failure.Remedy, remedy) {
		t.Fatalf("%v, want %s with a remedy that contains %q: %+v", err, reason, remedy, failure)
	}
	shown := fmt.Sprintf("%+v %v", failure, errors.Unwrap(failure))
	for _, secret := range secrets {
		if strings.Contains(shown, secret) {
			t.Errorf("%q contains a secret", shown)
		}
	}
}

// nowhere is a sink that stores nothing.
type nowhere struct{}

func (nowhere) Page(context.Context, []provider.Instance) error { return nil }
func (nowhere) Called(bool)                                     {}

func (c *testCloud) accessKey(cloudID string) provider.AWSAccessKey {
	key := c.sim.Key(cloudID)
	return provider.AWSAccessKey{ID: key.AccessKeyID, Secret: secret.New(key.Secret)}
}

func TestAccessKey(t *testing.T) {
	t.Parallel()
	c := newCloud(t, few())
	second := c.sim.Accounts()[1]
	key := c.accessKey(second)
	session := c.wantIdentity(t, second, key)
	read := func() error {
		return session.Read(t.Context(), provider.ScopeID{Kind: cloud.VirtualMachine, Location: "us-east-1"}, nowhere{})
	}
	if err := read(); err != nil {
		t.Fatal(err)
	}

	c.sim.RevokeKey(key.ID) // While the account is being read.
	wantFailure(t, read(), fault.ReasonCredentialsInvalid, key.ID, key.Secret.Reveal())
	_, err := c.open(t, second, key).Identity(t.Context())
	wantFailure(t, err, fault.ReasonCredentialsInvalid, key.ID, key.Secret.Reveal())
	c.wantIdentity(t, c.id, provider.AWSDefault{}) // Nobody else's.

	c.sim.RestoreKey(key.ID)
	c.wantIdentity(t, second, key)
	wrong := provider.AWSAccessKey{ID: key.ID, Secret: secret.New("not-the-secret-of-the-key")}
	_, err = c.open(t, second, wrong).Identity(t.Context())
	wantFailure(t, err, fault.ReasonCredentialsInvalid, key.ID, wrong.Secret.Reveal())
}

// A session expires during a read, which fails. The next session assumes the role again.
func TestAssumeRole_SessionExpires(t *testing.T) {
	t.Parallel()
	c := newCloud(t, few())
	second := c.sim.Accounts()[1]
	role := provider.AWSAssumeRole{RoleARN: simaws.RoleARN(second, "rollcall")}
	session := c.wantIdentity(t, second, role)
	c.sim.ExpireSessions(second)
	err := session.Read(t.Context(), provider.ScopeID{Kind: cloud.VirtualMachine, Location: "us-east-1"}, nowhere{})
	wantFailure(t, err, fault.ReasonCredentialsExpired, "again")
	c.wantIdentity(t, second, role)
}

func TestAssumeRole_Chain(t *testing.T) {
	t.Parallel()
	c := newCloud(t, few())
	accounts := c.sim.Accounts()
	c.sim.PutRole(accounts[1], simaws.Role{Name: "hub", ExternalID: "hub-id", Trusts: accounts[:1]})
	c.sim.PutRole(accounts[2], simaws.Role{Name: "rollcall", ExternalID: "leaf-id", Trusts: accounts[1:2]})
	hub := provider.AWSAssumeRole{RoleARN: simaws.RoleARN(accounts[1], "hub"), ExternalID: "hub-id"}
	leaf := provider.AWSAssumeRole{RoleARN: simaws.RoleARN(accounts[2], "rollcall"), ExternalID: "leaf-id", Source: hub}
	session := c.wantIdentity(t, accounts[2], leaf)
	if _, err := session.Scopes(t.Context()); err != nil {
		t.Error(err)
	}

	root := c.accessKey(accounts[0])
	keyed := hub
	keyed.Source = root
	withKey := leaf
	withKey.Source = keyed
	c.wantIdentity(t, accounts[2], withKey)

	alone := leaf
	alone.Source = nil
	_, err := c.open(t, accounts[2], alone).Identity(t.Context())
	wantFailure(t, err, fault.ReasonPermissionDenied, "discovery's credentials")

	wrongHub := hub
	wrongHub.ExternalID = "another"
	broken := leaf
	broken.Source = wrongHub
	_, err = c.open(t, accounts[2], broken).Identity(t.Context())
	wantFailure(t, err, fault.ReasonPermissionDenied, hub.RoleARN+" exists")

	wrongLeaf := leaf
	wrongLeaf.ExternalID = "another"
	_, err = c.open(t, accounts[2], wrongLeaf).Identity(t.Context())
	wantFailure(t, err, fault.ReasonPermissionDenied, leaf.RoleARN+" exists")
	wantFailure(t, err, fault.ReasonPermissionDenied, "lets "+hub.RoleARN+" assume")

	c.sim.RevokeKey(root.ID)
	another := withKey
	another.SessionTags = map[string]string{"new": "settings"} // So that it is not held.
	_, err = c.open(t, accounts[2], another).Identity(t.Context())
	wantFailure(t, err, fault.ReasonCredentialsInvalid, root.ID, root.Secret.Reveal())
}

func TestAssumeRole_OnceWithSessionTags(t *testing.T) {
	t.Parallel()
	c := newCloud(t, few())
	second := c.sim.Accounts()[1]
	role := provider.AWSAssumeRole{RoleARN: simaws.RoleARN(second, "rollcall"), SessionTags: map[string]string{"team": "data", "env": "prod"}}
	for range 3 {
		c.wantIdentity(t, second, role)
	}
	asked := c.proxy.asked("AssumeRole")
	if len(asked) != 1 {
		t.Fatalf("the role was assumed %d times, want once", len(asked))
	}
	for name, want := range map[string]string{
		"Tags.member.1.Key": "env", "Tags.member.1.Value": "prod", "Tags.member.2.Key": "team", "Tags.member.2.Value": "data",
	} {
		if got := asked[0].Get(name); got != want {
			t.Errorf("%s is %q, want %q", name, got, want)
		}
	}
	role.SessionTags = map[string]string{"team": "web"}
	c.wantIdentity(t, second, role)
	role.Source = c.accessKey(c.id)
	c.wantIdentity(t, second, role)
	if asked := c.proxy.asked("AssumeRole"); len(asked) != 3 {
		t.Errorf("the role was assumed %d times, want once for each of three settings", len(asked))
	}
}

func TestClockSkew(t *testing.T) {
	t.Parallel()
	c := newCloud(t, few())
	c.proxy.next = &offClock{next: c.proxy.next}
	session := c.wantIdentity(t, c.id, c.accessKey(c.id))
	if _, err := session.Scopes(t.Context()); err != nil {
		t.Error(err)
	}
	for _, kind := range []cloud.Kind{cloud.VirtualMachine, cloud.Database} {
		if err := session.Read(t.Context(), provider.ScopeID{Kind: kind, Location: "us-east-1"}, nowhere{}); err != nil {
			t.Error(err)
		}
	}

	hopeless := newCloud(t, few(), func(config *aws.Config) { config.Attempts = 2 })
	hopeless.proxy.next = &offClock{next: hopeless.proxy.next, hopeless: true}
	_, err := hopeless.open(t, hopeless.id, hopeless.accessKey(hopeless.id)).Identity(t.Context())
	wantFailure(t, err, fault.ReasonCredentialsInvalid, "Set the clock")
}
