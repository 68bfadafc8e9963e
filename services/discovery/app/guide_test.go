package app_test

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"testing"

	accountsv1 "github.com/rollcall-dev/rollcall/gen/rollcall/accounts/v1"
)

// granted returns the permissions of an account's setup guide.
func (r *rollcall) granted(name string, readOnly bool) []string {
	r.t.Helper()
	guide, err := r.accounts.GetSetupGuide(r.t.Context(), &accountsv1.GetSetupGuideRequest{Name: name, ReadOnly: readOnly})
	if err != nil {
		r.t.Fatal(err)
	}
	var policy struct {
		Statement           []struct{ Action []string }
		IncludedPermissions []string
	}
	if err := json.Unmarshal([]byte(guide.GetPolicy()), &policy); err != nil {
		r.t.Fatal(err)
	}
	all := policy.IncludedPermissions
	for _, statement := range policy.Statement {
		all = append(all, statement.Action...)
	}
	slices.Sort(all)
	return all
}

// actions returns the permissions that calls for an AWS account needed. AssumeRole is allowed by
// the role's trust policy, and GetCallerIdentity needs no permission.
func (r *rollcall) actions(cloudID string) []string {
	needed := map[string]bool{}
	for call := range r.world.Calls() {
		if call.Account == cloudID && call.Service != "sts" {
			needed[call.Service+":"+call.Action] = true
		}
	}
	return slices.Sorted(maps.Keys(needed))
}

// The setup guide grants the permissions that are used and no others. Reading needs only its
// read-only form, and verification tries exactly what it grants.
func TestSetupGuide_GrantsUsedPermissions(t *testing.T) {
	t.Parallel()
	for provider, test := range map[string]struct {
		start  func(t *testing.T) (r *rollcall, account *accountsv1.Account, vanish func())
		needed func(r *rollcall) []string
		// single are the permissions for looking up one instance, as an absence probe does.
		single []string
	}{
		"AWS": {
			start: func(t *testing.T) (*rollcall, *accountsv1.Account, func()) {
				t.Helper()
				r := start(t, small())
				id := r.aws.Accounts()[1]
				return r, r.add(id), func() {
					truth, err := r.aws.Truth(id)
					if err == nil {
						err = r.aws.Vanish(id, truth.Instances[0].Region, truth.Instances[0].ID)
					}
					if err != nil {
						t.Fatal(err)
					}
				}
			},
			needed: func(r *rollcall) []string { return r.actions(r.aws.Accounts()[1]) },
		},
		"Google Cloud": {
			start: func(t *testing.T) (*rollcall, *accountsv1.Account, func()) {
				t.Helper()
				r := start(t, projects())
				return r, r.addProject(project), func() {
					vm := r.projectTruth(project).VMs[0]
					if _, err := r.gcp.DeleteVM(project, vm.Zone, vm.Name); err != nil {
						t.Fatal(err)
					}
				}
			},
			needed: func(r *rollcall) []string { return r.gcp.PermissionsNeeded(project) },
			single: []string{"cloudsql.instances.get", "compute.instances.get"},
		},
	} {
		t.Run(provider, func(t *testing.T) {
			t.Parallel()
			r, account, vanish := test.start(t)
			name := account.GetName()
			r.connection(name, accountsv1.Connection_CONNECTED)
			vanish()
			r.sync(name)
			reads := r.granted(name, true)
			for _, permission := range test.needed(r) {
				if !slices.Contains(reads, permission) {
					t.Errorf("reading needs %s, which the read-only guide does not grant: %v", permission, reads)
				}
			}
			for _, permission := range reads {
				if !slices.Contains(append(test.needed(r), test.single...), permission) {
					t.Errorf("the read-only guide grants %s, which nothing calls", permission)
				}
			}
			verified := r.verify(name)
			if verified.GetReason() != "" {
				t.Errorf("the credentials are refused: %v", verified)
			}
			all := r.granted(name, false)
			if needed := test.needed(r); !slices.Equal(needed, all) {
				t.Errorf("the guide grants\n%v\nand reading and verifying need\n%v", all, needed)
			}
			for _, p := range verified.GetPermissions() {
				if strings.HasPrefix(p.GetPermission(), "sts:") {
					continue
				}
				if !slices.Contains(all, p.GetPermission()) {
					t.Errorf("%s is verified, and the guide does not grant it", p.GetPermission())
				}
				if !p.GetOptional() && !slices.Contains(reads, p.GetPermission()) {
					t.Errorf("%s is needed, and the read-only guide does not grant it", p.GetPermission())
				}
			}
		})
	}
}
