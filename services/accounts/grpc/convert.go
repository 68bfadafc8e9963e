package grpc

import (
	"time"

	"google.golang.org/protobuf/types/known/durationpb"
	"google.golang.org/protobuf/types/known/timestamppb"

	accountsv1 "github.com/rollcall-dev/rollcall/gen/rollcall/accounts/v1"
	commonv1 "github.com/rollcall-dev/rollcall/gen/rollcall/common/v1"
	"github.com/rollcall-dev/rollcall/services/accounts"
)

// fromProto returns the account with its settings, and the secret that came with them. What only
// the server states is left out.
func fromProto(in *accountsv1.Account) (*accounts.Account, accounts.Secret, error) {
	account := &accounts.Account{
		ID:           accounts.IDOf(in.GetName()),
		DisplayName:  in.GetDisplayName(),
		Labels:       in.GetLabels(),
		Paused:       in.GetPaused(),
		ReadOnly:     in.GetReadOnly(),
		SyncInterval: in.GetSyncInterval().AsDuration(),
	}
	secret, err := cloudFromProto(in, account)
	return account, secret, err
}

func toProto(account *accounts.Account) *accountsv1.Account {
	out := &accountsv1.Account{
		Name:        accounts.Name(account.ID),
		DisplayName: account.DisplayName,
		Provider:    commonv1.Provider(commonv1.Provider_value[string(account.Provider)]),
		Labels:      account.Labels,
		Paused:      account.Paused,
		ReadOnly:    account.ReadOnly,
		Connection:  connectionToProto(account.Connection),
		CreateTime:  timestamppb.New(account.CreateTime),
		UpdateTime:  timestamppb.New(account.UpdateTime),
		Etag:        account.Etag(),
	}
	if account.SyncInterval != 0 {
		out.SyncInterval = durationpb.New(account.SyncInterval)
	}
	cloudToProto(account, out)
	return out
}

func connectionToProto(c accounts.Connection) *accountsv1.Connection {
	out := &accountsv1.Connection{
		Status:          accountsv1.Connection_Status(accountsv1.Connection_Status_value[string(c.Status)]),
		LastSyncTime:    timeToProto(c.LastSyncTime),
		LastSuccessTime: timeToProto(c.LastSuccessTime),
		LastError:       c.LastError,
		Remedy:          c.Remedy,
	}
	if c.Reason != "" {
		out.Reason = commonv1.ErrorReason(commonv1.ErrorReason_value[string(c.Reason)]).Enum()
	}
	if c.SyncRun != "" {
		out.SyncRun = syncRunPrefix + c.SyncRun
	}
	return out
}

// timeToProto returns nil for the zero time, which stands for never.
func timeToProto(t time.Time) *timestamppb.Timestamp {
	if t.IsZero() {
		return nil
	}
	return timestamppb.New(t)
}
