package app_test

import (
	"strings"
	"testing"

	"google.golang.org/grpc/codes"

	accountsv1 "github.com/rollcall-dev/rollcall/gen/rollcall/accounts/v1"
)

// guideOf returns the setup guide of an account, with its snippets by tool.
func (s *service) guideOf(t *testing.T, name, principal string) (*accountsv1.SetupGuide, map[string]string) {
	t.Helper()
	guide, err := s.accounts.GetSetupGuide(t.Context(), &accountsv1.GetSetupGuideRequest{Name: name, Principal: principal})
	if err != nil {
		t.Fatal(err)
	}
	snippets := map[string]string{}
	for _, snippet := range guide.GetSnippets() {
		snippets[snippet.GetTool()] = snippet.GetText()
	}
	return guide, snippets
}

func TestSetupGuide(t *testing.T) {
	t.Parallel()
	s := start(t)
	s.create(t, withKey("100000000001", "AKIA", secretKey))
	role := s.create(t, withRole("100000000002", "accounts/aws-100000000001"))
	guide, snippets := s.guideOf(t, role.GetName(), "")
	externalID := role.GetAws().GetAssumeRole().GetExternalId()
	if guide.GetExternalId() != externalID || !strings.Contains(guide.GetPolicy(), "ec2:DescribeInstances") || len(snippets) != 3 {
		t.Errorf("the guide is %v", guide)
	}
	for _, tool := range []string{"aws-cli", "cloudformation", "terraform"} {
		for _, part := range []string{externalID, "rds:DescribeDBInstances", "arn:aws:iam::100000000001:root"} {
			if !strings.Contains(snippets[tool], part) {
				t.Errorf("%s lacks %s:\n%s", tool, part, snippets[tool])
			}
		}
	}
	const principal = "arn:aws:iam::999999999999:role/rollcall"
	if _, snippets := s.guideOf(t, role.GetName(), principal); !strings.Contains(snippets["terraform"], principal) {
		t.Error("the principal is not in place")
	}

	project := s.create(t, gcp("my-project", impersonation("reader@my-project.iam.gserviceaccount.com"))).GetName()
	guide, snippets = s.guideOf(t, project, "rollcall@hub-project.iam.gserviceaccount.com")
	for _, tool := range []string{"gcloud", "terraform"} {
		for _, part := range []string{"my-project", "reader", "compute.instances.list", "serviceAccount:rollcall@hub-project.iam.gserviceaccount.com"} {
			if !strings.Contains(snippets[tool], part) {
				t.Errorf("%s lacks %s:\n%s", tool, part, snippets[tool])
			}
		}
	}
	if guide.GetExternalId() != "" || !strings.Contains(guide.GetPolicy(), "cloudsql.instances.list") {
		t.Errorf("the guide is %v", guide)
	}

	_, err := s.accounts.GetSetupGuide(t.Context(), &accountsv1.GetSetupGuideRequest{Name: "accounts/nobody"})
	wantRefusal(t, err, codes.NotFound, "NOT_FOUND")
	_, err = s.accounts.GetSetupGuide(t.Context(), &accountsv1.GetSetupGuideRequest{Name: project, Principal: "$(id)"})
	wantInvalid(t, err, "principal")
}
