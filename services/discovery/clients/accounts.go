package clients

import (
	"context"
	"fmt"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/protobuf/types/known/durationpb"
	"google.golang.org/protobuf/types/known/timestamppb"

	accountsv1 "github.com/rollcall-dev/rollcall/gen/rollcall/accounts/v1"
	commonv1 "github.com/rollcall-dev/rollcall/gen/rollcall/common/v1"
	"github.com/rollcall-dev/rollcall/services/discovery/provider"
	"github.com/rollcall-dev/rollcall/services/discovery/sync"
	"github.com/rollcall-dev/rollcall/services/internal/cloud"
	"github.com/rollcall-dev/rollcall/services/internal/cloudaccount"
	"github.com/rollcall-dev/rollcall/services/internal/secret"
)

// Accounts is a client of the accounts service.
type Accounts struct {
	accounts    accountsv1.AccountServiceClient
	connections accountsv1.ConnectionServiceClient
}

// NewAccounts returns a client on a connection to the internal endpoint.
func NewAccounts(conn grpc.ClientConnInterface) *Accounts {
	return &Accounts{
		accounts:    accountsv1.NewAccountServiceClient(conn),
		connections: accountsv1.NewConnectionServiceClient(conn),
	}
}

// pageSize bounds a page so that the largest accounts, with all their labels, fit into a message.
const pageSize = 500

// Accounts calls page with all accounts whose settings changed at or after
// since, some at a time.
func (a *Accounts) Accounts(ctx context.Context, since time.Time, page func([]provider.Account) error) error {
	request := &accountsv1.ListAccountsRequest{PageSize: pageSize}
	if !since.IsZero() {
		request.Filter = fmt.Sprintf("update_time >= %q", since.UTC().Format(time.RFC3339Nano))
	}
	for {
		response, err := call(ctx, a.accounts.ListAccounts, request)
		if err != nil {
			return err
		}
		some := make([]provider.Account, len(response.GetAccounts()))
		for i, account := range response.GetAccounts() {
			some[i] = accountOf(account)
		}
		if err := page(some); err != nil {
			return err
		}
		if request.PageToken = response.GetNextPageToken(); request.PageToken == "" {
			return nil
		}
	}
}

// Account returns one account. It returns NotFound if there is no such account.
func (a *Accounts) Account(ctx context.Context, id string) (provider.Account, error) {
	account, err := call(ctx, a.accounts.GetAccount, &accountsv1.GetAccountRequest{Name: accountName(id)})
	if err != nil {
		return provider.Account{}, err
	}
	return accountOf(account), nil
}

// Credentials returns the credentials of an account.
func (a *Accounts) Credentials(ctx context.Context, id string) (provider.Credentials, error) {
	response, err := call(ctx, a.connections.GetCredentials, &accountsv1.GetCredentialsRequest{Account: accountName(id)})
	if err != nil {
		return nil, err
	}
	switch credentials := response.GetCloud().(type) {
	case *accountsv1.GetCredentialsResponse_Aws:
		return awsCredentials(id, credentials.Aws)
	case *accountsv1.GetCredentialsResponse_Gcp:
		return googleCredentials(id, credentials.Gcp)
	}
	// Providers with simple settings need no conversion of their own.
	method, settings, text, ok := cloudaccount.Credentials(response)
	if !ok {
		return nil, fmt.Errorf("account %s has credentials that this version of discovery does not know: %T", id, response.GetCloud())
	}
	return provider.MethodCredentials{Method: method.Name, Settings: settings, Secret: secret.New(text)}, nil
}

// googleCredentials converts the credentials of a Google Cloud project.
func googleCredentials(id string, credentials *accountsv1.GcpCredentials) (provider.Credentials, error) {
	switch method := credentials.GetMethod().(type) {
	case *accountsv1.GcpCredentials_ApplicationDefault:
		return provider.GCPApplicationDefault{}, nil
	case *accountsv1.GcpCredentials_ServiceAccountKey:
		return provider.GCPServiceAccountKey{JSON: secret.New(method.ServiceAccountKey.GetJson())}, nil
	case *accountsv1.GcpCredentials_Impersonation:
		return provider.GCPImpersonation{ServiceAccount: method.Impersonation.GetServiceAccount()}, nil
	case *accountsv1.GcpCredentials_WorkloadIdentity:
		return provider.GCPWorkloadIdentity{JSON: secret.New(method.WorkloadIdentity.GetJson())}, nil
	}
	return nil, fmt.Errorf("account %s has credentials that this version of discovery does not know: %T", id, credentials.GetMethod())
}

// Syncing reports that a run is still running.
func (a *Accounts) Syncing(ctx context.Context, claim sync.Claim, lease time.Duration) error {
	request := report(claim)
	request.Report = &accountsv1.UpdateConnectionStatusRequest_Syncing_{
		Syncing: &accountsv1.UpdateConnectionStatusRequest_Syncing{Lease: durationpb.New(lease)},
	}
	return a.update(ctx, request)
}

// Concluded reports the outcome of a run.
func (a *Accounts) Concluded(ctx context.Context, claim sync.Claim, outcome sync.Outcome, end time.Time) error {
	message := &accountsv1.UpdateConnectionStatusRequest_Outcome{
		Status:  connectionStatus(outcome.State),
		EndTime: timestamppb.New(end),
	}
	if f := outcome.Failure; f != nil {
		message.Error, message.Remedy = f.Message, f.Remedy
		message.Reason = commonv1.ErrorReason(commonv1.ErrorReason_value[string(f.Reason)])
	}
	request := report(claim)
	request.Report = &accountsv1.UpdateConnectionStatusRequest_Outcome_{Outcome: message}
	return a.update(ctx, request)
}

// Abandoned reports that a run ended without an outcome.
func (a *Accounts) Abandoned(ctx context.Context, claim sync.Claim) error {
	request := report(claim)
	request.Report = &accountsv1.UpdateConnectionStatusRequest_Abandoned_{
		Abandoned: &accountsv1.UpdateConnectionStatusRequest_Abandoned{},
	}
	return a.update(ctx, request)
}

func (a *Accounts) update(ctx context.Context, request *accountsv1.UpdateConnectionStatusRequest) error {
	_, err := call(ctx, a.connections.UpdateConnectionStatus, request)
	return err
}

func report(claim sync.Claim) *accountsv1.UpdateConnectionStatusRequest {
	return &accountsv1.UpdateConnectionStatusRequest{
		Account:      accountName(claim.Account),
		FencingToken: claim.Token,
		SyncRun:      sync.RunName(claim.Run),
	}
}

func connectionStatus(state sync.RunState) accountsv1.Connection_Status {
	switch state {
	case sync.RunSucceeded:
		return accountsv1.Connection_CONNECTED
	case sync.RunDegraded:
		return accountsv1.Connection_DEGRADED
	default:
		return accountsv1.Connection_FAILED
	}
}

func accountOf(a *accountsv1.Account) provider.Account {
	account := provider.Account{
		ID:         accountID(a.GetName()),
		Provider:   cloud.Provider(a.GetProvider().String()),
		Paused:     a.GetPaused(),
		ReadOnly:   a.GetReadOnly(),
		UpdateTime: a.GetUpdateTime().AsTime(),
	}
	if of, ok := cloudaccount.Of(a); ok {
		account.CloudID, account.Regions = of.ID, of.Regions
	}
	if a.GetSyncInterval() != nil {
		account.SyncInterval = a.GetSyncInterval().AsDuration()
	}
	return account
}
