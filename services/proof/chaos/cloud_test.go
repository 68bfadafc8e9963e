package chaos

import (
	"fmt"
	"strconv"

	simaws "github.com/rollcall-dev/rollcall/services/cloudsim/aws"
	simgcp "github.com/rollcall-dev/rollcall/services/cloudsim/gcp"
)

// maxResources is the maximum number of resources of a kind in a region or zone.
const maxResources = 14

// changeCloud changes something in a cloud. It ignores changes that the cloud rejects, such as the
// stop of a database that is starting.
func (e *scenario) changeCloud(s step) {
	if s.kind == churn {
		e.world.Churn(1 + s.a%6)
		return
	}
	name := pick(e.accountNames(), s.a)
	id := cloudID(name)
	switch database := s.c%4 == 0; {
	case isGoogle(name) && database:
		e.changeSQL(s, id)
	case isGoogle(name):
		e.changeVM(s, id)
	case database:
		e.changeDatabase(s, id, pick(amazonRegions, s.b))
	default:
		e.changeMachine(s, id, pick(amazonRegions, s.b))
	}
}

// tags returns the tags of a new resource, or the change of an existing one.
func tags(s step) map[string]string {
	return map[string]string{"chaos": strconv.Itoa(s.b % 5), "team": pick([]string{"data", "web", "core"}, s.c)}
}

func (e *scenario) changeMachine(s step, id, region string) {
	var live []simaws.Instance
	truth, err := e.aws.Truth(id)
	if err != nil {
		e.t.Fatal(err)
	}
	for _, m := range truth.Live() {
		if m.Region == region {
			live = append(live, m)
		}
	}
	if s.kind == launch || len(live) == 0 {
		if len(live) < maxResources {
			_, _ = e.aws.Launch(id, region, simaws.InstanceSpec{Count: 1 + s.b%3, Name: "web-" + strconv.Itoa(s.b%7), Tags: tags(s)})
		}
		return
	}
	m := pick(live, s.b/3)
	switch s.kind {
	case terminate:
		_, _ = e.aws.Terminate(id, region, m.ID)
	case moveName: // a new instance takes the name
		_, _ = e.aws.Terminate(id, region, m.ID)
		_, _ = e.aws.Launch(id, region, simaws.InstanceSpec{Name: m.Name(), Tags: tags(s)})
	case toggle:
		if m.State == simaws.Stopped {
			_, _ = e.aws.Start(id, region, m.ID)
		} else {
			_, _ = e.aws.Stop(id, region, m.ID)
		}
	case resize:
		_ = e.aws.Resize(id, region, m.ID, pick([]string{"m6i.large", "m6i.2xlarge", "t3.micro"}, s.c))
	case retag:
		_ = e.aws.Retag(id, region, m.ID, tags(s))
	case rename:
		_ = e.aws.Retag(id, region, m.ID, map[string]string{"Name": "renamed-" + strconv.Itoa(s.c%9)})
	case wipe:
		for _, m := range live {
			_, _ = e.aws.Terminate(id, region, m.ID)
		}
	}
}

func (e *scenario) changeDatabase(s step, id, region string) {
	all, err := e.aws.Databases(id, region)
	if err != nil {
		e.t.Fatal(err)
	}
	if s.kind == launch || len(all) == 0 {
		if len(all) < maxResources {
			_, _ = e.aws.LaunchDatabase(id, region, simaws.DatabaseSpec{Tags: tags(s)})
		}
		return
	}
	d := pick(all, s.b/3)
	switch s.kind {
	case terminate:
		_, _ = e.aws.DeleteDatabase(id, region, d.ID)
	case moveName: // once the name is free
		if _, err := e.aws.LaunchDatabase(id, region, simaws.DatabaseSpec{ID: fmt.Sprintf("mover-%d", s.c%2), Tags: tags(s)}); err != nil {
			_, _ = e.aws.DeleteDatabase(id, region, fmt.Sprintf("mover-%d", s.c%2))
		}
	case toggle:
		if d.Status == simaws.DatabaseStopped {
			_, _ = e.aws.StartDatabase(id, region, d.ID)
		} else {
			_, _ = e.aws.StopDatabase(id, region, d.ID)
		}
	case resize:
		_, _ = e.aws.ResizeDatabase(id, region, d.ID, pick([]string{"db.m6g.large", "db.r6g.xlarge"}, s.c))
	case retag, rename:
		_ = e.aws.RetagDatabase(id, region, d.ARN, tags(s))
	case wipe:
		for _, d := range all {
			_, _ = e.aws.DeleteDatabase(id, region, d.ID)
		}
	}
}

func (e *scenario) changeVM(s step, id string) {
	zone := pick([]string{"europe-west1-b", "europe-west1-c", "europe-west1-d", "us-central1-a"}, s.b)
	var live []simgcp.VM
	truth, err := e.gcp.Truth(id)
	if err != nil {
		e.t.Fatal(err)
	}
	for _, m := range truth.VMs {
		if m.Zone == zone && m.State != simgcp.VMDeprovisioning {
			live = append(live, m)
		}
	}
	if s.kind == launch || len(live) == 0 {
		if len(live) < maxResources {
			_, _ = e.gcp.CreateVMs(id, zone, simgcp.VMSpec{Count: 1 + s.b%2, Labels: tags(s)})
		}
		return
	}
	m := pick(live, s.b/3)
	switch s.kind {
	case terminate:
		_, _ = e.gcp.DeleteVM(id, zone, m.Name)
	case moveName, rename: // once the name is free
		mover := fmt.Sprintf("mover-%d", s.c%2)
		if _, err := e.gcp.CreateVMs(id, zone, simgcp.VMSpec{Name: mover, Labels: tags(s)}); err != nil {
			_, _ = e.gcp.DeleteVM(id, zone, mover)
		}
	case toggle:
		switch m.State {
		case simgcp.VMTerminated:
			_, _ = e.gcp.StartVM(id, zone, m.Name)
		case simgcp.VMSuspended:
			_, _ = e.gcp.ResumeVM(id, zone, m.Name)
		default:
			_, _ = e.gcp.StopVM(id, zone, m.Name)
		}
	case resize:
		_ = e.gcp.ResizeVM(id, zone, m.Name, pick([]string{"e2-small", "n2-standard-4"}, s.c))
	case retag:
		_ = e.gcp.SetVMLabels(id, zone, m.Name, tags(s))
	case wipe:
		for _, m := range live {
			_, _ = e.gcp.DeleteVM(id, zone, m.Name)
		}
	}
}

func (e *scenario) changeSQL(s step, id string) {
	all, err := e.gcp.SQLInstances(id)
	if err != nil {
		e.t.Fatal(err)
	}
	if s.kind == launch || len(all) == 0 {
		if len(all) < maxResources {
			_, _ = e.gcp.CreateSQL(id, simgcp.SQLSpec{Region: pick(googleRegions, s.b), Labels: tags(s)})
		}
		return
	}
	d := pick(all, s.b/3)
	switch s.kind {
	case terminate, wipe:
		_ = e.gcp.DeleteSQL(id, d.Name)
	case moveName, rename:
		mover := fmt.Sprintf("mover-%d", s.c%2)
		if _, err := e.gcp.CreateSQL(id, simgcp.SQLSpec{Name: mover, Labels: tags(s)}); err != nil {
			_ = e.gcp.DeleteSQL(id, mover)
		}
	case toggle, resize, retag:
		_, _ = e.gcp.SetSQLActive(id, d.Name, !d.Active)
	}
}
