package aws

import (
	"fmt"
	"strings"
	"time"

	"github.com/rollcall-dev/rollcall/services/cloudsim"
)

// populateDatabases generates the databases of a new region. Of every eight, three are members of a
// cluster and one is a read replica. The caller has the only reference to r.
func (r *region) populateDatabases(epoch time.Time) {
	var source *Database
	for n := 0; n < r.plan.Databases; {
		left := r.plan.Databases - n
		switch {
		case n%8 == 2 && left >= 3:
			r.generateCluster(n, epoch)
			n += 3
			continue
		case n%8 == 6 && source != nil && left > 0:
			r.generateReplica(source, n, epoch)
		default:
			source = r.generateDatabase(n, epoch)
		}
		n++
	}
}

// generateDatabase adds a database without replicas or a cluster.
func (r *region) generateDatabase(n int, epoch time.Time) *Database {
	service, env := r.databaseOwner()
	d := r.newDatabase(fmt.Sprintf("%s-%s-db-%d", service.Name, env, n+1), cloudsim.Pick(r.rng, engines), epoch)
	d.Tags = service.Tags(env)
	d.MultiAZ = env == "prod"
	if d.MultiAZ {
		d.SecondaryZone = r.networks[(n+1)%len(r.networks)].Zone
		d.Network = r.networks[n%len(r.networks)]
	}
	if !d.MultiAZ && r.rng.IntN(5) == 0 {
		d.Status = DatabaseStopped
		d.Changed = r.stoppedSince(d.Entropy, epoch)
	}
	r.addDatabase(d)
	return d
}

// stoppedSince returns when a generated database was last stopped: the latest point, at most six
// days ago, of a cycle that starts before the epoch. Two worlds made within the same cycle agree on
// it, and RDS restarts the database a day or more from now.
func (r *region) stoppedSince(entropy uint64, epoch time.Time) time.Time {
	const cycle = 6 * 24 * time.Hour
	first := epoch.Add(-time.Duration(cloudsim.Mix(entropy, 1)%uint64(cycle/time.Second)) * time.Second)
	return first.Add(r.cloud.world.Now().Sub(first).Truncate(cycle))
}

// generateReplica adds a read replica of source.
func (r *region) generateReplica(source *Database, n int, epoch time.Time) {
	d := r.newDatabase(fmt.Sprintf("%s-replica-%d", source.ID, n+1), engine{
		name: source.Engine, version: source.Version, port: source.Port, license: source.License,
	}, epoch)
	d.Class, d.StorageGiB, d.ReplicaOf, d.Tags = source.Class, source.StorageGiB, source.ID, source.Tags
	source.Status = DatabaseAvailable // RDS refuses to stop a database that has replicas
	r.addDatabase(d)
}

// generateCluster adds an Aurora cluster of a writer and two readers.
func (r *region) generateCluster(n int, epoch time.Time) {
	service, env := r.databaseOwner()
	e := cloudsim.Pick(r.rng, auroraEngines)
	id := fmt.Sprintf("%s-%s-aurora-%d", service.Name, env, n+1)
	r.addMembers(r.newCluster(id, e, service.Tags(env), epoch), 3, epoch)
}

// newCluster adds a cluster without members. The caller holds mu, or has the only reference to r.
func (r *region) newCluster(id string, e engine, tags []cloudsim.Tag, now time.Time) *Cluster {
	entropy := cloudsim.Mix(r.entropy, cloudsim.Hash("cluster", id))
	c := &Cluster{
		ID: id, ResourceID: "cluster-" + resourceLetters(entropy), Region: r.name,
		ARN:    fmt.Sprintf("arn:aws:rds:%s:%s:cluster:%s", r.name, r.plan.ID, id),
		Engine: e.name, Version: e.version, Status: DatabaseAvailable,
		Created: now.Add(-r.age(700 * 24 * time.Hour)).UTC().Truncate(time.Millisecond), Port: e.port,
		Host:       r.databaseHost(id + ".cluster-"),
		ReaderHost: r.databaseHost(id + ".cluster-ro-"),
		Subnets:    r.networks, Tags: tags, Entropy: entropy,
	}
	r.addCluster(c)
	return c
}

// addMembers adds members to a cluster without any. The first is the writer. The caller holds mu,
// or has the only reference to r.
func (r *region) addMembers(c *Cluster, count int, now time.Time) {
	e := engine{name: c.Engine, version: c.Version, port: c.Port}
	for _, aurora := range auroraEngines {
		if aurora.name == c.Engine {
			e = aurora
		}
	}
	for i := range count {
		d := r.newDatabase(fmt.Sprintf("%s-%d", c.ID, i), e, now)
		d.Cluster, d.Writer, d.Tags = c.ID, i == 0, c.Tags
		d.Class, d.StorageGiB = "db.r6g.large", 1 // RDS reports 1 for Aurora, whose storage belongs to the cluster
		d.Created = c.Created.Add(time.Duration(5+i) * time.Minute)
		d.Network = r.networks[i%len(r.networks)]
		r.addDatabase(d)
	}
}

// databaseOwner picks the workload and environment of a database.
func (r *region) databaseOwner() (cloudsim.Workload, string) {
	env := r.plan.Env
	if env == "" {
		env = cloudsim.PickEnv(r.rng)
	}
	return cloudsim.Pick(r.rng, r.plan.Workloads), env
}

// newDatabase returns an available database that is not part of the region yet.
func (r *region) newDatabase(id string, e engine, now time.Time) *Database {
	r.nextDatabase++
	entropy := cloudsim.Mix(r.entropy, cloudsim.Hash("database", id)+r.nextDatabase) // a reused name gets another resource id
	created := now.Add(-r.age(700 * 24 * time.Hour)).UTC().Truncate(time.Millisecond)
	return &Database{
		ID: id, ResourceID: "db-" + resourceLetters(entropy), Region: r.name,
		ARN:    fmt.Sprintf("arn:aws:rds:%s:%s:db:%s", r.name, r.plan.ID, id),
		Engine: e.name, Version: e.version, License: e.license, Class: cloudsim.Pick(r.rng, databaseClasses),
		Status: DatabaseAvailable, Created: created, Changed: created, StorageGiB: 20 << r.rng.IntN(6),
		Host: r.databaseHost(id + "."), Port: e.port,
		Network: r.networks[int(entropy%uint64(len(r.networks)))], Subnets: r.networks, Entropy: entropy,
	}
}

// databaseHost returns an endpoint: the prefix, the account's identifier in the region, and RDS's
// domain.
func (r *region) databaseHost(prefix string) string {
	return fmt.Sprintf("%sc%s.%s.rds.amazonaws.com", prefix, strings.ToLower(resourceLetters(r.entropy)[:11]), r.name)
}

// resourceLetters returns the 26 letters and digits of an RDS resource id.
func resourceLetters(entropy uint64) string {
	const letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"
	var b [26]byte
	for i := range b {
		b[i] = letters[cloudsim.Mix(entropy, uint64(100+i))%uint64(len(letters))]
	}
	return string(b[:])
}
