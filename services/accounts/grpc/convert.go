package grpc

import (
	"slices"
	"time"

	"google.golang.org/protobuf/types/known/durationpb"
	"google.golang.org/protobuf/types/known/timestamppb"

	accountsv1 "github.com/rollcall-dev/rollcall/gen/rollcall/accounts/v1"
	"github.com/rollcall-dev/rollcall/services/accounts"
)

// fromProto is the account with its settings; what only the server says of it
// is left out.
func fromProto(in *accountsv1.Account) *accounts.Account {
	account := &accounts.Account{
		ID:           accounts.IDOf(in.GetName()),
		DisplayName:  in.GetDisplayName(),
		Labels:       in.GetLabels(),
		Paused:       in.GetPaused(),
		SyncInterval: in.GetSyncInterval().AsDuration(),
	}
	if aws := in.GetAws(); aws != nil {
		account.Provider = accounts.AWS
		account.CloudID = aws.GetAccountId()
		account.Regions = aws.GetRegions()
		account.Credentials = accounts.AWSDefault{}
		if role := aws.GetAssumeRole(); role != nil {
			account.Credentials = accounts.AWSAssumeRole{RoleARN: role.GetRoleArn(), ExternalID: role.GetExternalId()}
		}
	}
	return account
}

func toProto(account *accounts.Account) *accountsv1.Account {
	out := &accountsv1.Account{
		Name:        accounts.Name(account.ID),
		DisplayName: account.DisplayName,
		Provider:    accountsv1.Provider(accountsv1.Provider_value[string(account.Provider)]),
		Labels:      account.Labels,
		Paused:      account.Paused,
		Connection:  connectionToProto(account.Connection),
		CreateTime:  timestamppb.New(account.CreateTime),
		UpdateTime:  timestamppb.New(account.UpdateTime),
		Etag:        account.Etag(),
	}
	if account.SyncInterval != 0 {
		out.SyncInterval = durationpb.New(account.SyncInterval)
	}
	if account.Provider == accounts.AWS {
		out.Cloud = &accountsv1.Account_Aws{Aws: awsToProto(account)}
	}
	return out
}

func awsToProto(account *accounts.Account) *accountsv1.AwsAccount {
	aws := &accountsv1.AwsAccount{AccountId: account.CloudID, Regions: slices.Clone(account.Regions)}
	switch c := account.Credentials.(type) {
	case accounts.AWSDefault:
		aws.Credentials = &accountsv1.AwsAccount_DefaultCredentials{DefaultCredentials: &accountsv1.AwsDefaultCredentials{}}
	case accounts.AWSAssumeRole:
		aws.Credentials = &accountsv1.AwsAccount_AssumeRole{AssumeRole: assumeRoleToProto(c)}
	}
	return aws
}

func assumeRoleToProto(role accounts.AWSAssumeRole) *accountsv1.AwsAssumeRole {
	return &accountsv1.AwsAssumeRole{RoleArn: role.RoleARN, ExternalId: role.ExternalID}
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
		out.Reason = accountsv1.Connection_Reason(accountsv1.Connection_Reason_value[string(c.Reason)]).Enum()
	}
	if c.SyncRun != "" {
		out.SyncRun = syncRunPrefix + c.SyncRun
	}
	return out
}

// timeToProto leaves the zero time, which stands for never, unset.
func timeToProto(t time.Time) *timestamppb.Timestamp {
	if t.IsZero() {
		return nil
	}
	return timestamppb.New(t)
}
