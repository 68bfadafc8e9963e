package grpc

import (
	"testing"
	"time"

	"github.com/rollcall-dev/rollcall/services/inventory"
)

func benchRecord() *inventory.Record {
	at := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	return &inventory.Record{
		Account: []byte("aws-100000000001"), Provider: []byte("AWS"), Kind: []byte("VIRTUAL_MACHINE"),
		ProviderID: []byte("i-0123456789abcdef0"), DisplayName: []byte("web-1"), Region: []byte("eu-west-1"), Zone: []byte("eu-west-1a"),
		State: []byte("RUNNING"), ProviderState: []byte("running"), MachineType: []byte("m6i.large"),
		PrivateIPs: [][]byte{[]byte("10.0.0.1")}, Labels: []byte(`{"a":"1","b":"2","c":"3"}`),
		Details:    []byte(`{"virtualMachine":{"image":"ami-0123456789abcdef0","architecture":"x86_64","platform":"Linux/UNIX","spot":true,"network":"vpc-0123456789abcdef0","subnet":"subnet-0123456789abcdef0","hostname":"ip-10-0-1-2.eu-west-1.compute.internal","startTime":"2026-03-01T12:00:00Z"}}`),
		CreateTime: at, FirstSeenTime: at, ChangeTime: at, ObserveTime: at, Hash: inventory.Hash{1},
	}
}

func BenchmarkWire(b *testing.B) {
	r := benchRecord()
	e := newEncoder(1)
	b.ReportAllocs()
	for b.Loop() {
		e.out = e.out[:0]
		if err := e.add(r); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkConvert(b *testing.B) {
	i, err := benchRecord().Instance()
	if err != nil {
		b.Fatal(err)
	}
	m := toInstance(&i)
	b.Run("to", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			toInstance(&i)
		}
	})
	b.Run("from", func(b *testing.B) {
		b.ReportAllocs()
		var i inventory.Instance
		for b.Loop() {
			readInstance(&i, m)
		}
	})
}
