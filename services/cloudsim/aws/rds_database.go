package aws

import (
	"strings"

	"github.com/rollcall-dev/rollcall/services/cloudsim"
)

// database writes a database with the elements of RDS's responses.
func (d *document) database(db *Database) {
	d.open("DBInstance")
	d.word("DBInstanceIdentifier", db.ID)
	d.word("DBInstanceClass", db.Class)
	d.word("Engine", db.Engine)
	d.word("DBInstanceStatus", string(db.Status))
	d.word("MasterUsername", "admin")
	d.word("DBName", "app")
	if db.Status != DatabaseCreating {
		d.raw("<Endpoint>")
		d.word("Address", db.Host)
		d.number("Port", db.Port)
		d.word("HostedZoneId", "Z29XKXDKYMONMX")
		d.raw("</Endpoint>")
	}
	d.number("AllocatedStorage", db.StorageGiB)
	d.time("InstanceCreateTime", db.Created)
	d.raw("<PreferredBackupWindow>03:00-03:30</PreferredBackupWindow><BackupRetentionPeriod>7</BackupRetentionPeriod><DBSecurityGroups/>")
	d.securityGroupMembership(db.Network)
	d.parameterGroups(db)
	d.word("AvailabilityZone", db.Network.Zone)
	d.optional("SecondaryAvailabilityZone", db.SecondaryZone)
	d.subnetGroup(db.Subnets)
	d.raw("<PreferredMaintenanceWindow>sun:04:00-sun:04:30</PreferredMaintenanceWindow><PendingModifiedValues/>")
	d.word("EngineVersion", db.Version)
	d.raw("<AutoMinorVersionUpgrade>true</AutoMinorVersionUpgrade>")
	d.optional("ReadReplicaSourceDBInstanceIdentifier", db.ReplicaOf)
	d.names("ReadReplicaDBInstanceIdentifiers", "ReadReplicaDBInstanceIdentifier", db.Replicas)
	d.word("LicenseModel", db.License)
	d.raw("<OptionGroupMemberships><OptionGroupMembership>")
	d.word("OptionGroupName", "default:"+db.Engine)
	d.raw("<Status>in-sync</Status></OptionGroupMembership></OptionGroupMemberships>")
	if db.ReplicaOf != "" {
		d.raw("<StatusInfos><DBInstanceStatusInfo><StatusType>read replication</StatusType><Normal>true</Normal><Status>replicating</Status></DBInstanceStatusInfo></StatusInfos>")
	}
	storage := "gp3"
	if db.Cluster != "" {
		storage = "aurora"
	}
	d.word("StorageType", storage)
	d.boolean("MultiAZ", db.MultiAZ)
	d.raw("<PubliclyAccessible>false</PubliclyAccessible><DbInstancePort>0</DbInstancePort>")
	d.optional("DBClusterIdentifier", db.Cluster)
	d.raw("<StorageEncrypted>true</StorageEncrypted>")
	d.word("DbiResourceId", db.ResourceID)
	d.raw("<CACertificateIdentifier>rds-ca-rsa2048-g1</CACertificateIdentifier><CopyTagsToSnapshot>true</CopyTagsToSnapshot>" +
		"<MonitoringInterval>0</MonitoringInterval><DomainMemberships/>")
	if db.Cluster != "" {
		d.raw("<PromotionTier>1</PromotionTier>")
	}
	d.word("DBInstanceArn", db.ARN)
	d.raw("<IAMDatabaseAuthenticationEnabled>false</IAMDatabaseAuthenticationEnabled><PerformanceInsightsEnabled>true</PerformanceInsightsEnabled>" +
		"<DeletionProtection>false</DeletionProtection><AssociatedRoles/>")
	d.databaseTags(db.Tags)
	if !db.Restarts.IsZero() {
		d.time("AutomaticRestartTime", db.Restarts)
	}
	d.raw("<CustomerOwnedIpEnabled>false</CustomerOwnedIpEnabled><ActivityStreamStatus>stopped</ActivityStreamStatus>" +
		"<BackupTarget>region</BackupTarget><NetworkType>IPV4</NetworkType>")
	d.close("DBInstance")
}

// cluster writes a cluster with the elements of RDS's responses.
func (d *document) cluster(c *Cluster) {
	d.open("DBCluster")
	d.raw("<AllocatedStorage>1</AllocatedStorage>")
	d.word("DBClusterIdentifier", c.ID)
	d.word("Engine", c.Engine)
	d.word("EngineMode", "provisioned")
	d.word("EngineVersion", c.Version)
	d.word("Status", string(c.Status))
	d.word("Endpoint", c.Host)
	d.word("ReaderEndpoint", c.ReaderHost)
	d.raw("<MultiAZ>true</MultiAZ>")
	d.number("Port", c.Port)
	d.raw("<MasterUsername>admin</MasterUsername><DatabaseName>app</DatabaseName><BackupRetentionPeriod>7</BackupRetentionPeriod>")
	d.raw("<AvailabilityZones>")
	for _, n := range c.Subnets {
		d.word("AvailabilityZone", n.Zone)
	}
	d.raw("</AvailabilityZones><ReadReplicaIdentifiers/><DBClusterMembers>")
	for _, m := range c.Members {
		d.raw("<DBClusterMember>")
		d.word("DBInstanceIdentifier", m.ID)
		d.boolean("IsClusterWriter", m.Writer)
		d.raw("<DBClusterParameterGroupStatus>in-sync</DBClusterParameterGroupStatus><PromotionTier>1</PromotionTier></DBClusterMember>")
	}
	d.raw("</DBClusterMembers>")
	if len(c.Subnets) > 0 {
		d.securityGroupMembership(c.Subnets[0])
		d.word("DBSubnetGroup", "default-"+c.Subnets[0].VPC)
	}
	d.raw("<HostedZoneId>Z29XKXDKYMONMX</HostedZoneId><StorageEncrypted>true</StorageEncrypted>")
	d.word("DbClusterResourceId", c.ResourceID)
	d.word("DBClusterArn", c.ARN)
	d.raw("<AssociatedRoles/><IAMDatabaseAuthenticationEnabled>false</IAMDatabaseAuthenticationEnabled>")
	d.time("ClusterCreateTime", c.Created)
	d.raw("<CopyTagsToSnapshot>true</CopyTagsToSnapshot><CrossAccountClone>false</CrossAccountClone><DeletionProtection>false</DeletionProtection>" +
		"<HttpEndpointEnabled>false</HttpEndpointEnabled><ActivityStreamStatus>stopped</ActivityStreamStatus><NetworkType>IPV4</NetworkType>")
	d.databaseTags(c.Tags)
	if !c.Restarts.IsZero() {
		d.time("AutomaticRestartTime", c.Restarts)
	}
	d.close("DBCluster")
}

func (d *document) securityGroupMembership(n *Network) {
	d.raw("<VpcSecurityGroups><VpcSecurityGroupMembership>")
	d.word("VpcSecurityGroupId", n.SecurityGroup)
	d.raw("<Status>active</Status></VpcSecurityGroupMembership></VpcSecurityGroups>")
}

func (d *document) parameterGroups(db *Database) {
	major, _, _ := strings.Cut(db.Version, ".")
	d.raw("<DBParameterGroups><DBParameterGroup>")
	d.word("DBParameterGroupName", "default."+db.Engine+major)
	d.raw("<ParameterApplyStatus>in-sync</ParameterApplyStatus></DBParameterGroup></DBParameterGroups>")
}

func (d *document) subnetGroup(subnets []*Network) {
	if len(subnets) == 0 {
		return
	}
	d.raw("<DBSubnetGroup>")
	d.word("DBSubnetGroupName", "default-"+subnets[0].VPC)
	d.raw("<DBSubnetGroupDescription>default</DBSubnetGroupDescription>")
	d.word("VpcId", subnets[0].VPC)
	d.raw("<SubnetGroupStatus>Complete</SubnetGroupStatus><Subnets>")
	for _, n := range subnets {
		d.raw("<Subnet>")
		d.word("SubnetIdentifier", n.Subnet)
		d.raw("<SubnetAvailabilityZone>")
		d.word("Name", n.Zone)
		d.raw("</SubnetAvailabilityZone><SubnetStatus>Active</SubnetStatus></Subnet>")
	}
	d.raw("</Subnets></DBSubnetGroup>")
}

// names writes a list of words.
func (d *document) names(list, element string, words []string) {
	d.open(list)
	for _, w := range words {
		d.word(element, w)
	}
	d.close(list)
}

// databaseTags writes RDS's list of tags.
func (d *document) databaseTags(tags []cloudsim.Tag) {
	d.open("TagList")
	for _, t := range tags {
		d.raw("<Tag>")
		d.text("Key", t.Key)
		d.text("Value", t.Value)
		d.raw("</Tag>")
	}
	d.close("TagList")
}
