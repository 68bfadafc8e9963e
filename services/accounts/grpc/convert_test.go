package grpc

import (
	"strings"
	"testing"

	"google.golang.org/protobuf/proto"

	accountsv1 "github.com/rollcall-dev/rollcall/gen/rollcall/accounts/v1"
	"github.com/rollcall-dev/rollcall/services/accounts"
	"github.com/rollcall-dev/rollcall/services/internal/cloud/registry"
	"github.com/rollcall-dev/rollcall/services/internal/fault"
)

// TestConvert_EveryMethod converts an account of each way to sign in of each registered cloud to
// the contract and back, with all of its settings set.
func TestConvert_EveryMethod(t *testing.T) {
	for _, d := range registry.All() {
		for _, method := range d.Methods {
			t.Run(method.Name, func(t *testing.T) {
				account := &accounts.Account{
					ID: "a", Provider: d.Provider, CloudID: d.Account.IDExample, Regions: []string{"r1", "r2"}, Revision: 1,
				}
				account.Credentials.Method = method.Name
				if method.Identity != "" {
					account.Credentials.Set(method.Identity, "identity")
				}
				if method.Tags != "" {
					account.Credentials.Tags = map[string]string{"team": "data"}
				}
				if method.Source != "" {
					account.Credentials.Source = "hub"
				}
				message := toProto(account)
				back, secret, err := fromProto(proto.CloneOf(message))
				if err != nil || !secret.IsZero() {
					t.Fatalf("%v, %v", secret, err)
				}
				if back.Provider != d.Provider || back.CloudID != account.CloudID || len(back.Regions) != 2 ||
					back.Credentials.Method != method.Name || back.Credentials.Source != account.Credentials.Source ||
					len(back.Credentials.Tags) != len(account.Credentials.Tags) {
					t.Errorf("%+v became %+v", account, back)
				}
				if again := toProto(back); again.GetProvider() != message.GetProvider() {
					t.Errorf("provider %v became %v", message.GetProvider(), again.GetProvider())
				}

				response, err := signInToProto([]openedAccount{{account: account, secret: accounts.NewSecret("hush")}})
				if err != nil {
					t.Fatal(err)
				}
				text := response.String()
				if has := strings.Contains(text, "hush"); has != (method.Secret != "") {
					t.Errorf("the secret is in the response: %v, want %v", has, method.Secret != "")
				}
				if strings.Contains(message.String(), "hush") {
					t.Error("the secret is in the account")
				}
			})
		}
	}
}

func TestConvert_UnknownMethod(t *testing.T) {
	account := &accounts.Account{ID: "a", Provider: "AWS", CloudID: "100000000001", Credentials: accounts.Credentials{Method: "AWS_GUESS"}}
	if response, err := signInToProto([]openedAccount{{account: account}}); err == nil {
		t.Errorf("an unknown way to sign in became %v", response)
	}
	if _, _, err := fromProto(&accountsv1.Account{}); err == nil {
		t.Error("an account without a cloud was accepted")
	}
}

// TestConvert_UnregisteredCloud converts an account of the cloud that only other tests register.
func TestConvert_UnregisteredCloud(t *testing.T) {
	_, _, err := fromProto(&accountsv1.Account{Cloud: &accountsv1.Account_Example{Example: &accountsv1.ExampleAccount{AccountId: "acme-prod"}}})
	if fault.KindOf(err) != fault.KindInvalidArgument || !strings.Contains(err.Error(), "account.example") {
		t.Errorf("an account of a cloud that is not registered was accepted: %v", err)
	}
}
