package grpc

import (
	"context"
	"regexp"
	"strings"

	accountsv1 "github.com/rollcall-dev/rollcall/gen/rollcall/accounts/v1"
	commonv1 "github.com/rollcall-dev/rollcall/gen/rollcall/common/v1"
	"github.com/rollcall-dev/rollcall/services/accounts"
	"github.com/rollcall-dev/rollcall/services/internal/fault"
)

// UpdateConnectionStatus applies discovery's report on a sync run and returns the connection after
// it.
func (s *connectionService) UpdateConnectionStatus(ctx context.Context, req *accountsv1.UpdateConnectionStatusRequest) (*accountsv1.Connection, error) {
	report, err := reportFromProto(req)
	if err != nil {
		return nil, err
	}
	connection, err := s.Store.Report(ctx, accounts.IDOf(req.GetAccount()), report)
	if err != nil {
		return nil, err
	}
	return connectionToProto(connection), nil
}

// syncRunPrefix begins the resource name of a sync run. Sync runs belong to discovery.
const syncRunPrefix = "syncRuns/"

var syncRunPattern = regexp.MustCompile(`^(` + syncRunPrefix + `[A-Za-z0-9-]{1,63})?$`)

func reportFromProto(req *accountsv1.UpdateConnectionStatusRequest) (accounts.Report, error) {
	if !syncRunPattern.MatchString(req.GetSyncRun()) {
		return accounts.Report{}, fault.Invalid("sync_run", "must be the name of a sync run, %s{sync_run}", syncRunPrefix)
	}
	report := accounts.Report{Token: req.GetFencingToken(), Run: strings.TrimPrefix(req.GetSyncRun(), syncRunPrefix)}
	switch r := req.GetReport().(type) {
	case *accountsv1.UpdateConnectionStatusRequest_Syncing_:
		report.News = accounts.Syncing{Lease: r.Syncing.GetLease().AsDuration()}
	case *accountsv1.UpdateConnectionStatusRequest_Abandoned_:
		report.News = accounts.Abandoned{}
	case *accountsv1.UpdateConnectionStatusRequest_Outcome_:
		finished := finishedFromProto(r.Outcome)
		if err := finished.Validate(); err != nil {
			return accounts.Report{}, err
		}
		report.News = finished
	default:
		return accounts.Report{}, fault.Invalid("report", "must be syncing, outcome or abandoned")
	}
	return report, nil
}

func finishedFromProto(outcome *accountsv1.UpdateConnectionStatusRequest_Outcome) accounts.Finished {
	finished := accounts.Finished{
		Outcome: accounts.Status(outcome.GetStatus().String()),
		Error:   outcome.GetError(),
		Remedy:  outcome.GetRemedy(),
		EndTime: outcome.GetEndTime().AsTime(),
	}
	if reason := outcome.GetReason(); reason != commonv1.ErrorReason_REASON_UNSPECIFIED {
		finished.Reason = accounts.Reason(reason.String())
	}
	return finished
}
