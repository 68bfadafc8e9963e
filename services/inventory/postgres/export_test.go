package postgres

import (
	"context"
	"time"

	"github.com/google/uuid"

	"github.com/rollcall-dev/rollcall/services/internal/query"
	"github.com/rollcall-dev/rollcall/services/inventory"
)

// The very statements that the store runs, for tests that read their plans.

// PageSQL is the statement of one page.
func PageSQL(q inventory.ListQuery) (string, []any, error) {
	plan, err := planList(q)
	if err != nil {
		return "", nil, err
	}
	return plan.pageSQL()
}

// KeptTotalSQL is the statement of its total, where counts are kept for it.
func KeptTotalSQL(q inventory.ListQuery) (string, []any, error) {
	plan, err := planList(q)
	if err != nil {
		return "", nil, err
	}
	sql, args := plan.keptTotalSQL()
	return sql, args, nil
}

// FewSQL is the statement of a first page with its total, where few match.
func FewSQL(q inventory.ListQuery) (string, []any, error) {
	plan, err := planList(q)
	if err != nil {
		return "", nil, err
	}
	sql, args := plan.fewSQL()
	return sql, args, nil
}

// BucketSQL are the statements of a page by bucket after a uid, "" for the first
// one, and of the sample for its total.
func BucketSQL(q inventory.ListQuery, after string) (page string, pageArgs []any, sample string, sampleArgs []any, err error) {
	plan, err := planList(q)
	if err != nil {
		return "", nil, "", nil, err
	}
	if after != "" {
		plan.cursor.After = []string{after}
	}
	page, pageArgs, err = plan.bucketPageSQL()
	sample, sampleArgs = plan.sampleSQL(10)
	return page, pageArgs, sample, sampleArgs, err
}

// AggregateSQL is the statement of an aggregate.
func AggregateSQL(q inventory.AggregateQuery) (string, []any, error) {
	filter, err := instanceFields.ParseFilter(q.Filter)
	if err != nil {
		return "", nil, err
	}
	sql, args := aggregateSQL(filter, q, moment{})
	return sql, args, nil
}

// LookupSQL is the statement of a look-up by a column.
func LookupSQL(column, value string, in inventory.LookupScope) (string, []any) {
	return lookupSQL(column, value, in)
}

// ScopesSQL is the statement of the first page of scopes.
func ScopesSQL(size int) (string, []any) {
	return scopesSQL((*query.Filter)(nil), scopeCursor{}, size)
}

// Statements with parameters of the test's choice.
const (
	LoadHeldSQL = loadHeldSQL
	ResolveSQL  = resolveSQL
	GoneSQL     = goneSQL
)

// HearOf is Hear by uid, for a word that brings no instance.
func (s *Snapshot) HearOf(uid uuid.UUID, evidence inventory.Evidence) {
	s.reconciliation.Hear(uid, evidence)
}

// SpoolMemory is how much of a snapshot stays in memory.
const SpoolMemory = spoolMemory

// FewCreated is how many new instances go into the log one by one.
const FewCreated = fewCreated

// InstancesAsOf is what stands after FROM for the roll as of a revision.
func InstancesAsOf(revision int64, notBefore time.Time) (string, []any) {
	var args query.Args
	return instancesAsOf(&args, past{revision: revision, notBefore: notBefore}), args
}

// ChangeImages is what stands after FROM for changes with their instances.
var ChangeImages = changeImages

// MaxGaps is how many gaps a page of history holds.
const MaxGaps = maxGaps

// FieldChanges are what a change of the log did, nil when it can't be read.
func FieldChanges(was, became string) []inventory.FieldChange {
	fields, _ := fieldChanges([]byte(was), []byte(became))
	return fields
}

// The largest totals that are counted one by one.
const (
	ExactTotal      = exactTotal
	ExactLargeTotal = exactLargeTotal
	ExactLabelTotal = exactLabelTotal
)

// TakeAsLarge has the store treat its roll as a large one, whatever its size.
func (s *Store) TakeAsLarge() { s.smallRoll = 0 }

// IsCounted tells whether counts are kept for a filter.
func IsCounted(text string) bool {
	filter, err := instanceFields.ParseFilter(text)
	_, ok := countsFor(filter)
	return err == nil && ok
}

// PastPageSQL is the statement of one page as of the place after a revision.
func PastPageSQL(q inventory.ListQuery, revision int64, notBefore time.Time) (string, []any, error) {
	plan, err := planList(q)
	if err != nil {
		return "", nil, err
	}
	plan.moment = moment{time: q.AsOf, at: past{revision: revision, notBefore: notBefore}}
	return plan.pageSQL()
}

// GetPastSQL is the statement of one instance as of the place after a revision.
func GetPastSQL(uid uuid.UUID, asOf time.Time, revision int64, notBefore time.Time) (string, []any) {
	return getPastSQL(uid, moment{time: asOf, at: past{revision: revision, notBefore: notBefore}})
}

// HistorySQL, GapsSQL and RevisionAtSQL are those of the history of an instance,
// with parameters of the test's choice.
const (
	HistorySQL    = historySQL
	GapsSQL       = gapsSQL
	RevisionAtSQL = revisionAtSQL
)

// Touched is the condition on the scopes that a filter can touch.
func Touched(text string) (string, []any, error) {
	filter, err := instanceFields.ParseFilter(text)
	if err != nil {
		return "", nil, err
	}
	t := touched(filter)
	return t.where, t.args, nil
}

// Where is the condition on instances of a filter.
func Where(text string) (string, []any, error) {
	filter, err := instanceFields.ParseFilter(text)
	var args query.Args
	return filter.Where(&args), args, err
}

// UnchangedSQL and ChangedSQL are the statements of a page of what was there at a
// place.
func UnchangedSQL(at inventory.LogPlace, filter *query.Filter, most int) (string, []any) {
	return unchangedSQL(at, filter, uuid.Nil, most)
}

// ChangedSQL is the other one.
func ChangedSQL(at inventory.LogPlace, filter *query.Filter, upTo uuid.UUID, most int) (string, []any) {
	return changedSQL(at, filter, uuid.Nil, upTo, most)
}

// What watchers read of the log.
var (
	LogImageSQL = logImageSQL
	PlaceSQL    = placeSQL
)

// Listed is a page with its instances.
type Listed struct {
	inventory.Page
	Instances []inventory.Instance
}

// List is ListInstances that keeps them.
func (s *Store) List(ctx context.Context, q inventory.ListQuery) (Listed, error) {
	var listed Listed
	page, err := s.ListInstances(ctx, q, func(record *Record) error {
		instance, err := record.Instance()
		listed.Instances = append(listed.Instances, instance)
		return err
	})
	listed.Page = page
	return listed, err
}
