package inventory

// fields is the table of the fields of an instance, in the order of the API. To add a field of a
// section of details, add it to the proto, to the struct and here, with a tag of its own. A field of
// Common also needs a column, and its lines in Record and in the conversions of grpc/; tests name
// the places that lack it.
//
// The next free tag is 36. The tag 11 belongs to the values of labels, 13 and 23 to the sections.
var fields = []Field{
	{Path: "name", Role: Identity, Prefix: "instances/", Key: true,
		derive: func(i *Instance) string { return i.UID.String() }},
	{Path: "account", Role: Identity, Prefix: "accounts/", Sortable: true, Groupable: true,
		pointer: func(i *Instance) any { return &i.Account }},
	{Path: "provider", Role: Content, Values: texts(Providers()), Sortable: true, Groupable: true,
		tag: 34, pointer: func(i *Instance) any { return (*string)(&i.Provider) }},
	{Path: "kind", Role: Identity, Values: texts(Kinds()), Sortable: true, Groupable: true,
		pointer: func(i *Instance) any { return (*string)(&i.Kind) }},
	{Path: "provider_id", Role: Identity, Sortable: true, Search: true,
		pointer: func(i *Instance) any { return &i.ProviderID }},
	{Path: "provider_uri", Role: Content, Sortable: true,
		tag: 1, pointer: func(i *Instance) any { return &i.ProviderURI }},
	{Path: "display_name", Role: Content, Sortable: true, Search: true,
		tag: 2, pointer: func(i *Instance) any { return &i.DisplayName }},
	{Path: "location.region", Role: Content, Sortable: true, Groupable: true,
		tag: 3, pointer: func(i *Instance) any { return &i.Region }},
	{Path: "location.zone", Role: Content, Sortable: true, Groupable: true,
		tag: 4, pointer: func(i *Instance) any { return &i.Zone }},
	{Path: "state", Role: Content, Values: texts(States()), Sortable: true, Groupable: true,
		tag: 5, pointer: func(i *Instance) any { return (*string)(&i.State) }},
	{Path: "provider_state", Role: Content, Sortable: true,
		tag: 6, pointer: func(i *Instance) any { return &i.ProviderState }},
	{Path: "machine_type", Role: Content, Sortable: true, Groupable: true,
		tag: 7, pointer: func(i *Instance) any { return &i.MachineType }},
	{Path: "private_ips", Role: Content, Search: true,
		tag: 8, pointer: func(i *Instance) any { return &i.PrivateIPs }},
	{Path: "public_ips", Role: Content, Search: true,
		tag: 9, pointer: func(i *Instance) any { return &i.PublicIPs }},
	{Path: "labels", Role: Content, tag: 10, pointer: func(i *Instance) any { return &i.Labels }},
	{Path: "create_time", Role: Content, Nullable: true, Sortable: true,
		tag: 12, pointer: func(i *Instance) any { return &i.CreateTime }},
	{Path: "first_seen_time", Role: Bookkeeping, Sortable: true,
		pointer: func(i *Instance) any { return &i.FirstSeenTime }},
	{Path: "change_time", Role: Bookkeeping, Sortable: true,
		pointer: func(i *Instance) any { return &i.ChangeTime }},
	{Path: "observe_time", Role: Bookkeeping, Nullable: true, Unlogged: true,
		pointer: func(i *Instance) any { return &i.ObserveTime }},
	{Path: "gone_time", Role: Lifecycle, Nullable: true, Sortable: true,
		pointer: func(i *Instance) any { return &i.GoneTime }},
	{Path: "etag", Role: Bookkeeping, derive: (*Instance).ETag},

	{Path: "virtual_machine.image", Role: Content,
		tag: 14, pointer: func(i *Instance) any { return &i.VM.Image }},
	{Path: "virtual_machine.architecture", Role: Content,
		tag: 15, pointer: func(i *Instance) any { return &i.VM.Architecture }},
	{Path: "virtual_machine.platform", Role: Content,
		tag: 16, pointer: func(i *Instance) any { return &i.VM.Platform }},
	{Path: "virtual_machine.spot", Role: Content,
		tag: 17, pointer: func(i *Instance) any { return &i.VM.Spot }},
	{Path: "virtual_machine.network", Role: Content,
		tag: 18, pointer: func(i *Instance) any { return &i.VM.Network }},
	{Path: "virtual_machine.subnet", Role: Content,
		tag: 19, pointer: func(i *Instance) any { return &i.VM.Subnet }},
	{Path: "virtual_machine.hostname", Role: Content,
		tag: 20, pointer: func(i *Instance) any { return &i.VM.Hostname }},
	{Path: "virtual_machine.autoscaling_group", Role: Content,
		tag: 21, pointer: func(i *Instance) any { return &i.VM.AutoscalingGroup }},
	{Path: "virtual_machine.start_time", Role: Content,
		tag: 22, pointer: func(i *Instance) any { return &i.VM.StartTime }},

	{Path: "database.engine", Role: Content,
		tag: 24, pointer: func(i *Instance) any { return &i.DB.Engine }},
	{Path: "database.engine_version", Role: Content,
		tag: 25, pointer: func(i *Instance) any { return &i.DB.EngineVersion }},
	{Path: "database.storage_gib", Role: Content,
		tag: 26, pointer: func(i *Instance) any { return &i.DB.StorageGiB }},
	{Path: "database.endpoint", Role: Content,
		tag: 27, pointer: func(i *Instance) any { return &i.DB.Endpoint }},
	{Path: "database.port", Role: Content,
		tag: 28, pointer: func(i *Instance) any { return &i.DB.Port }},
	{Path: "database.high_availability", Role: Content,
		tag: 29, pointer: func(i *Instance) any { return &i.DB.HighAvailability }},
	{Path: "database.replica_of", Role: Content,
		tag: 30, pointer: func(i *Instance) any { return &i.DB.ReplicaOf }},
	{Path: "database.cluster", Role: Content,
		tag: 31, pointer: func(i *Instance) any { return &i.DB.Cluster }},
	{Path: "database.cluster_writer", Role: Content,
		tag: 32, pointer: func(i *Instance) any { return &i.DB.ClusterWriter }},
	{Path: "database.network", Role: Content,
		tag: 33, pointer: func(i *Instance) any { return &i.DB.Network }},
	{Path: "database.auto_restart_time", Role: Content,
		tag: 35, pointer: func(i *Instance) any { return &i.DB.AutoRestartTime }},
}

// texts returns the values of an enum as texts.
func texts[E ~string](values []E) []string {
	list := make([]string, len(values))
	for n, value := range values {
		list[n] = string(value)
	}
	return list
}
