package registry_test

import (
	"slices"
	"strings"
	"testing"

	"google.golang.org/genproto/googleapis/api/annotations"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"

	accountsv1 "github.com/rollcall-dev/rollcall/gen/rollcall/accounts/v1"
	commonv1 "github.com/rollcall-dev/rollcall/gen/rollcall/common/v1"
	"github.com/rollcall-dev/rollcall/services/internal/cloud"
	"github.com/rollcall-dev/rollcall/services/internal/cloud/example"
	"github.com/rollcall-dev/rollcall/services/internal/cloud/registry"
)

// TestRegistry_MatchesContract compares the list with the enum of the contract.
func TestRegistry_MatchesContract(t *testing.T) {
	values := commonv1.Provider(0).Descriptor().Values()
	var contract []cloud.Provider
	for i := range values.Len() {
		if value := values.Get(i); value.Number() != 0 {
			contract = append(contract, cloud.Provider(value.Name()))
		}
	}
	if got := cloud.Providers(); !slices.Equal(got, contract) {
		t.Errorf("cloud.Providers() = %v, the contract has %v", got, contract)
	}
	if got := append(registry.Providers(), cloud.Example); !slices.Equal(got, contract) {
		t.Errorf("registry.Providers() and the example are %v, the contract has %v", got, contract)
	}
}

func TestDescriptor_Complete(t *testing.T) {
	for _, d := range append(slices.Clone(registry.All()), example.Descriptor()) {
		t.Run(string(d.Provider), func(t *testing.T) {
			for name, missing := range map[string]bool{
				"Name": d.Name == "", "Title": d.Title == "", "Account.Noun": d.Account.Noun == "",
				"Account.IDRule": d.Account.IDRule == "", "Account.ID": d.Account.ID == nil,
				"Kinds": len(d.Kinds) == 0, "Zone": d.Zone == nil, "Methods": len(d.Methods) == 0,
				"InstanceURIs": len(d.InstanceURIs) == 0, "Console": d.Console == nil,
				"Environment.Credentials": len(d.Environment.Credentials) == 0,
			} {
				if missing {
					t.Errorf("%s is not set", name)
				}
			}
			if !d.Account.ID.MatchString(d.Account.IDExample) {
				t.Errorf("the example %q does not match %s", d.Account.IDExample, d.Account.ID)
			}
			if want := strings.ToLower(string(d.Provider)) + "-"; d.Account.Prefix != want {
				t.Errorf("Account.Prefix = %q, want %q", d.Account.Prefix, want)
			}
			if groups := d.Zone.NumSubexp(); groups != 1 {
				t.Errorf("Zone has %d groups, want the region alone", groups)
			}
			for _, kind := range d.Kinds {
				if !slices.Contains(cloud.Kinds(), kind.Kind) || kind.Service == "" {
					t.Errorf("kind %+v is not of the contract, or has no service", kind)
				}
				if kind.Scope != cloud.Regional && kind.Scope != cloud.Zonal {
					t.Errorf("%s has scopes of size %q", kind.Kind, kind.Scope)
				}
			}
		})
	}
}

func TestDescriptor_MatchesMessages(t *testing.T) {
	for _, d := range append(slices.Clone(registry.All()), example.Descriptor()) {
		t.Run(string(d.Provider), func(t *testing.T) {
			account := field(t, (&accountsv1.Account{}).ProtoReflect().Descriptor(), d.Account.Field).Message()
			credentials := field(t, (&accountsv1.GetCredentialsResponse{}).ProtoReflect().Descriptor(), d.Account.Field).Message()
			field(t, account, d.Account.IDField)
			field(t, account, "regions")
			field(t, credentials, d.Account.IDField)

			var described []string
			for _, m := range d.Methods {
				described = append(described, m.Field)
				if m.Title == "" || m.Summary == nil || !strings.HasPrefix(m.Name, string(d.Provider)+"_") {
					t.Errorf("method %s lacks a title, a summary or the provider's prefix", m.Name)
				}
				message := field(t, account, m.Field).Message()
				if m.Identity != "" {
					field(t, message, m.Identity)
				}
				for _, name := range []string{m.Tags, m.Source} {
					if name != "" {
						field(t, message, name)
					}
				}
				if m.Source != "" {
					field(t, credentials, "source")
				}
				if m.Secret != "" && !isInputOnly(field(t, message, m.Secret)) {
					t.Errorf("the secret %s.%s is not INPUT_ONLY", m.Field, m.Secret)
				}
			}
			slices.Sort(described)
			if got := oneof(t, account, "credentials"); !slices.Equal(got, described) {
				t.Errorf("the account has the methods %v, the descriptor %v", got, described)
			}
			if got := oneof(t, credentials, "method"); !slices.Equal(got, described) {
				t.Errorf("GetCredentials has the methods %v, the descriptor %v", got, described)
			}
		})
	}
}

func field(t *testing.T, message protoreflect.MessageDescriptor, name string) protoreflect.FieldDescriptor {
	t.Helper()
	field := message.Fields().ByName(protoreflect.Name(name))
	if field == nil {
		t.Fatalf("%s has no field %q", message.FullName(), name)
	}
	return field
}

// oneof returns the names of a oneof's fields in order.
func oneof(t *testing.T, message protoreflect.MessageDescriptor, name string) (names []string) {
	t.Helper()
	fields := message.Oneofs().ByName(protoreflect.Name(name)).Fields()
	for i := range fields.Len() {
		names = append(names, string(fields.Get(i).Name()))
	}
	slices.Sort(names)
	return names
}

func isInputOnly(field protoreflect.FieldDescriptor) bool {
	behaviors, _ := proto.GetExtension(field.Options(), annotations.E_FieldBehavior).([]annotations.FieldBehavior)
	return slices.Contains(behaviors, annotations.FieldBehavior_INPUT_ONLY)
}

func TestDescriptor_RegionOf(t *testing.T) {
	for _, test := range []struct {
		provider       cloud.Provider
		location, want string
	}{
		{cloud.AWS, "eu-west-1", "eu-west-1"},
		{cloud.AWS, "eu-west-1a", "eu-west-1"},
		{cloud.AWS, "us-gov-east-1b", "us-gov-east-1"},
		{cloud.AWS, "xx-test-12", "xx-test-12"},
		{cloud.AWS, "us-west-2-lax-1a", "us-west-2"},
		{cloud.AWS, "us-east-1-wl1-bos-wlz-1", "us-east-1"},
		{cloud.AWS, "-", "-"},
		{cloud.GCP, "europe-west1", "europe-west1"},
		{cloud.GCP, "europe-west1-b", "europe-west1"},
		{cloud.GCP, "us-central1-ai1a", "us-central1"},
		{cloud.GCP, "northamerica-northeast2-c", "northamerica-northeast2"},
		{cloud.GCP, "-", "-"},
	} {
		d, ok := registry.Find(test.provider)
		if !ok {
			t.Fatalf("%s is not registered", test.provider)
		}
		if got := d.RegionOf(test.location); got != test.want {
			t.Errorf("%s: RegionOf(%q) = %q, want %q", test.provider, test.location, got, test.want)
		}
	}
}

func TestScopeLocation(t *testing.T) {
	for _, test := range []struct {
		provider cloud.Provider
		kind     cloud.Kind
		want     string
	}{
		{cloud.AWS, cloud.VirtualMachine, "region"},
		{cloud.AWS, cloud.Database, "region"},
		{cloud.GCP, cloud.VirtualMachine, "zone"},
		{cloud.GCP, cloud.Database, "region"},
		{"NOT_REGISTERED", cloud.VirtualMachine, "region"},
	} {
		if got := registry.ScopeLocation(test.provider, test.kind, "region", "zone"); got != test.want {
			t.Errorf("ScopeLocation(%s, %s) = %q, want %q", test.provider, test.kind, got, test.want)
		}
	}
}

func TestDescriptor_Console(t *testing.T) {
	for _, test := range []struct {
		provider cloud.Provider
		resource cloud.Resource
		want     string
	}{
		{cloud.AWS, cloud.Resource{
			Kind: cloud.VirtualMachine, ProviderID: "i-0123456789abcdef0", Region: "eu-west-1",
			ProviderURI: "arn:aws:ec2:eu-west-1:100000000001:instance/i-0123456789abcdef0",
		}, "https://eu-west-1.console.aws.amazon.com/ec2/home?region=eu-west-1#InstanceDetails:instanceId=i-0123456789abcdef0"},
		{cloud.AWS, cloud.Resource{
			Kind: cloud.Database, Name: "orders", Region: "cn-north-1", ProviderURI: "arn:aws-cn:rds:cn-north-1:100000000001:db:orders",
		}, "https://cn-north-1.console.amazonaws.cn/rds/home?region=cn-north-1#database:id=orders;is-cluster=false"},
		{cloud.AWS, cloud.Resource{Kind: cloud.VirtualMachine, ProviderURI: "arn:aws-iso:ec2:x", Region: "us-iso-east-1"}, ""},
		{cloud.GCP, cloud.Resource{
			Kind: cloud.VirtualMachine, CloudID: "my-project", Name: "web-1", Zone: "europe-west1-b",
		}, "https://console.cloud.google.com/compute/instancesDetail/zones/europe-west1-b/instances/web-1?project=my-project"},
		{cloud.GCP, cloud.Resource{
			Kind: cloud.Database, CloudID: "example.com:my-project", Name: "orders",
		}, "https://console.cloud.google.com/sql/instances/orders/overview?project=example.com%3Amy-project"},
		{cloud.GCP, cloud.Resource{Kind: cloud.VirtualMachine, CloudID: "my-project", Name: "web-1"}, ""},
	} {
		d, _ := registry.Find(test.provider)
		if got := d.Console(test.resource); got != test.want {
			t.Errorf("%s: Console(%+v) = %q, want %q", test.provider, test.resource, got, test.want)
		}
	}
}
