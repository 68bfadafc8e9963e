package gcp

import (
	"strings"
	"time"

	sqladmin "google.golang.org/api/sqladmin/v1"

	"github.com/rollcall-dev/rollcall/services/discovery/provider"
)

// database converts a Cloud SQL instance. Every field except the name and the region may be missing.
func database(i *sqladmin.DatabaseInstance, project string) provider.Instance {
	connection := i.ConnectionName
	if connection == "" {
		connection = project + ":" + i.Region + ":" + i.Name
	}
	created := parseTime(i.CreateTime)
	id := connection
	if !created.IsZero() {
		// Cloud SQL has no ids of its own, and names may be used again.
		id += "@" + created.Format(time.RFC3339Nano)
	}
	uri := i.SelfLink
	if uri == "" {
		uri = "https://sqladmin.googleapis.com/v1/projects/" + project + "/instances/" + i.Name
	}
	settings := i.Settings
	if settings == nil {
		settings = &sqladmin.Settings{}
	}
	private, public := databaseAddresses(i)
	return provider.Instance{
		ProviderID:    id,
		ProviderURI:   uri,
		DisplayName:   i.Name,
		Region:        i.Region,
		Zone:          i.GceZone,
		State:         databaseState(i.State, settings.ActivationPolicy),
		ProviderState: i.State,
		MachineType:   settings.Tier,
		PrivateIPs:    private,
		PublicIPs:     public,
		Labels:        settings.UserLabels,
		CreateTime:    created,
		Database:      databaseDetails(i, settings, project, private, public),
	}
}

// enginePorts are the ports of the engines. Cloud SQL does not let users change them.
var enginePorts = map[string]int32{"postgres": 5432, "mysql": 3306, "sqlserver": 1433}

func databaseDetails(i *sqladmin.DatabaseInstance, settings *sqladmin.Settings, project string, private, public []string) *provider.DatabaseDetails {
	engine, version := engineOf(i.DatabaseVersion, i.DatabaseInstalledVersion)
	details := &provider.DatabaseDetails{
		Engine:           engine,
		EngineVersion:    version,
		StorageGiB:       settings.DataDiskSizeGb,
		HighAvailability: settings.AvailabilityType == "REGIONAL",
		ReplicaOf:        strings.TrimPrefix(i.MasterInstanceName, project+":"),
		Replicas:         i.ReplicaNames,
	}
	if settings.IpConfiguration != nil {
		details.Network = relativeName(settings.IpConfiguration.PrivateNetwork)
	}
	switch {
	case len(public) > 0:
		details.Endpoint = public[0]
	case len(private) > 0:
		details.Endpoint = private[0]
	default:
		details.Endpoint = i.DnsName
	}
	if details.Endpoint != "" {
		details.Port = enginePorts[engine]
	}
	return details
}

// engineOf splits a version of Cloud SQL into engine and version: POSTGRES_16, installed as
// POSTGRES_16_4, is postgres 16.4; SQLSERVER_2022_STANDARD is sqlserver 2022_STANDARD.
func engineOf(version, installed string) (engine, number string) {
	name, number, _ := strings.Cut(version, "_")
	engine = strings.ToLower(name)
	if engine == "sqlserver" {
		return engine, number
	}
	if more, ok := strings.CutPrefix(installed, name+"_"); ok {
		number = more
	}
	return engine, strings.ReplaceAll(number, "_", ".")
}

// databaseAddresses returns the addresses that clients connect to. OUTGOING addresses, from which
// the instance itself connects, are not among them.
func databaseAddresses(i *sqladmin.DatabaseInstance) (private, public []string) {
	for _, address := range i.IpAddresses {
		if address == nil {
			continue
		}
		switch address.Type {
		case "PRIMARY":
			public = addUnique(public, address.IpAddress)
		case "PRIVATE":
			private = addUnique(private, address.IpAddress)
		}
	}
	return private, public
}
