package grpc

import (
	"bytes"
	"encoding/hex"
	"fmt"
	"strconv"
	"time"

	"github.com/go-json-experiment/json/jsontext"
	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"

	commonv1 "github.com/rollcall-dev/rollcall/gen/rollcall/common/v1"
	inventoryv1 "github.com/rollcall-dev/rollcall/gen/rollcall/inventory/v1"

	"github.com/rollcall-dev/rollcall/services/inventory/postgres"
)

// Lists go from Postgres to the wire without a stop in between: maps, messages and
// texts of their own for each of a million instances would be nine tenths of the
// work. What is written here is what toInstance makes, which the tests compare.

// wire writes instances in the wire format. Not for concurrent use.
type wire struct {
	// out are the instances written so far, each as an element of a field
	// `repeated Instance instances = 1`.
	out []byte
	// instance, message and text are what is being written.
	instance, message, text []byte
	input                   bytes.Buffer
	json                    jsontext.Decoder
}

// usualInstance is about how many bytes an instance takes.
const usualInstance = 768

// newWire has room for so many instances.
func newWire(instances int) *wire { return &wire{out: make([]byte, 0, instances*usualInstance)} }

// instancesField is that field, of ListInstancesResponse.
var instancesField = numbersOf(&inventoryv1.ListInstancesResponse{})["instances"]

// numbersOf are the numbers of a message's fields, by name.
func numbersOf(message proto.Message) map[protoreflect.Name]protowire.Number {
	numbers := map[protoreflect.Name]protowire.Number{}
	fields := message.ProtoReflect().Descriptor().Fields()
	for n := range fields.Len() {
		numbers[fields.Get(n).Name()] = fields.Get(n).Number()
	}
	return numbers
}

// The fields of an instance.
var (
	instanceNumbers = numbersOf(&inventoryv1.Instance{})
	locationNumbers = numbersOf(&commonv1.Location{})

	nameField          = instanceNumbers["name"]
	accountField       = instanceNumbers["account"]
	providerField      = instanceNumbers["provider"]
	kindField          = instanceNumbers["kind"]
	providerIDField    = instanceNumbers["provider_id"]
	providerURIField   = instanceNumbers["provider_uri"]
	displayNameField   = instanceNumbers["display_name"]
	locationField      = instanceNumbers["location"]
	regionField        = locationNumbers["region"]
	zoneField          = locationNumbers["zone"]
	stateField         = instanceNumbers["state"]
	providerStateField = instanceNumbers["provider_state"]
	machineTypeField   = instanceNumbers["machine_type"]
	privateIPsField    = instanceNumbers["private_ips"]
	publicIPsField     = instanceNumbers["public_ips"]
	labelsField        = instanceNumbers["labels"]
	createTimeField    = instanceNumbers["create_time"]
	firstSeenTimeField = instanceNumbers["first_seen_time"]
	changeTimeField    = instanceNumbers["change_time"]
	observeTimeField   = instanceNumbers["observe_time"]
	goneTimeField      = instanceNumbers["gone_time"]
	etagField          = instanceNumbers["etag"]
)

// The fields of an entry of a map, and those of a Timestamp.
const (
	keyField, valueField     protowire.Number = 1, 2
	secondsField, nanosField protowire.Number = 1, 2
)

// add writes an instance.
func (w *wire) add(r *postgres.Record) error {
	b := w.instance[:0]
	w.text = append(append(w.text[:0], instancePrefix...), r.UID.String()...)
	b = appendText(b, nameField, w.text)
	w.text = append(append(w.text[:0], accountPrefix...), r.Account...)
	b = appendText(b, accountField, w.text)
	b = appendEnum(b, providerField, commonv1.Provider_value[string(r.Provider)])
	b = appendEnum(b, kindField, commonv1.Kind_value[string(r.Kind)])
	b = appendText(b, providerIDField, r.ProviderID)
	b = appendText(b, providerURIField, r.ProviderURI)
	b = appendText(b, displayNameField, r.DisplayName)
	w.message = appendText(appendText(w.message[:0], regionField, r.Region), zoneField, r.Zone)
	b = appendMessage(b, locationField, w.message)
	b = appendEnum(b, stateField, inventoryv1.Instance_State_value[string(r.State)])
	b = appendText(b, providerStateField, r.ProviderState)
	b = appendText(b, machineTypeField, r.MachineType)
	for _, ip := range r.PrivateIPs {
		b = appendMessage(b, privateIPsField, ip)
	}
	for _, ip := range r.PublicIPs {
		b = appendMessage(b, publicIPsField, ip)
	}
	b = w.appendTime(b, createTimeField, r.CreateTime)
	b = w.appendTime(b, firstSeenTimeField, r.FirstSeenTime)
	b = w.appendTime(b, changeTimeField, r.ChangeTime)
	b = w.appendTime(b, observeTimeField, r.ObserveTime)
	b = w.appendTime(b, goneTimeField, r.GoneTime)
	w.text = hex.AppendEncode(append(w.text[:0], '"'), r.Hash[:])
	if !r.GoneTime.IsZero() {
		w.text = append(w.text, "-gone"...)
	}
	b = appendText(b, etagField, append(w.text, '"'))
	b, err := w.appendLabels(b, r.Labels)
	if err != nil {
		return fmt.Errorf("read the labels of instance %s: %w", r.UID, err)
	}
	if b, err = w.appendDetails(b, r.Details); err != nil {
		return fmt.Errorf("read the details of instance %s: %w", r.UID, err)
	}
	w.instance = b
	w.out = appendMessage(w.out, instancesField, b)
	return nil
}

// appendText leaves an empty text out, as is done with all values that are the
// default.
func appendText(b []byte, field protowire.Number, text []byte) []byte {
	if len(text) == 0 {
		return b
	}
	return appendMessage(b, field, text)
}

func appendMessage(b []byte, field protowire.Number, message []byte) []byte {
	return protowire.AppendBytes(protowire.AppendTag(b, field, protowire.BytesType), message)
}

func appendEnum(b []byte, field protowire.Number, value int32) []byte {
	return appendInt(b, field, int64(value))
}

func appendInt(b []byte, field protowire.Number, value int64) []byte {
	if value == 0 {
		return b
	}
	return protowire.AppendVarint(protowire.AppendTag(b, field, protowire.VarintType), uint64(value))
}

func (w *wire) appendTime(b []byte, field protowire.Number, t time.Time) []byte {
	if t.IsZero() {
		return b
	}
	w.text = appendInt(w.text[:0], secondsField, t.Unix())
	w.text = appendInt(w.text, nanosField, int64(t.Nanosecond()))
	return appendMessage(b, field, w.text)
}

// eachMember calls take for each member of an object of JSON. The value is valid
// until take reads on.
func (w *wire) eachMember(take func(name []byte, value jsontext.Kind) error) error {
	if _, err := w.json.ReadToken(); err != nil { // {
		return err
	}
	for w.json.PeekKind() != '}' {
		name, err := w.json.ReadValue()
		if err != nil {
			return err
		}
		if w.text, err = jsontext.AppendUnquote(w.text[:0], name); err != nil {
			return err
		}
		if err := take(w.text, w.json.PeekKind()); err != nil {
			return err
		}
	}
	_, err := w.json.ReadToken() // }
	return err
}

func (w *wire) read(text []byte) {
	w.input.Reset()
	w.input.Write(text)
	w.json.Reset(&w.input, jsontext.AllowDuplicateNames(true)) // Postgres keeps none
}

// appendLabels turns an object of texts into a map.
func (w *wire) appendLabels(b, labels []byte) ([]byte, error) {
	w.read(labels)
	err := w.eachMember(func(name []byte, _ jsontext.Kind) error {
		w.message = appendMessage(w.message[:0], keyField, name)
		value, err := w.json.ReadValue()
		if err != nil {
			return err
		}
		if w.text, err = jsontext.AppendUnquote(w.text[:0], value); err != nil {
			return err
		}
		b = appendMessage(b, labelsField, appendMessage(w.message, valueField, w.text))
		return nil
	})
	return b, err
}

// detail is where a member of the column details goes.
type detail struct {
	number protowire.Number
	kind   protoreflect.Kind
	// fields are those of a message.
	fields map[string]detail
}

// detailFields are the members of the column, which are named as the contract's
// JSON form names them.
var detailFields = detailsOf((&inventoryv1.Instance{}).ProtoReflect().Descriptor().Oneofs().ByName("details").Fields())

// fields is a list of fields of a message.
type fields interface {
	Len() int
	Get(n int) protoreflect.FieldDescriptor
}

func detailsOf(list fields) map[string]detail {
	details := map[string]detail{}
	for n := range list.Len() {
		field := list.Get(n)
		d := detail{number: field.Number(), kind: field.Kind()}
		if message := field.Message(); message != nil && message.FullName() != "google.protobuf.Timestamp" {
			d.fields = detailsOf(message.Fields())
		}
		details[field.JSONName()] = d
	}
	return details
}

// appendDetails turns the column details into fields of an instance. What the
// contract does not know is left out.
func (w *wire) appendDetails(b, details []byte) ([]byte, error) {
	w.read(details)
	err := w.eachMember(func(name []byte, kind jsontext.Kind) error {
		of, ok := detailFields[string(name)]
		if !ok || kind != '{' {
			return w.json.SkipValue()
		}
		w.message = w.message[:0]
		err := w.eachMember(func(name []byte, _ jsontext.Kind) error {
			field, ok := of.fields[string(name)]
			if !ok {
				return w.json.SkipValue()
			}
			return w.appendDetail(field)
		})
		b = appendMessage(b, of.number, w.message)
		return err
	})
	return b, err
}

// appendDetail adds the value that comes next to the message.
func (w *wire) appendDetail(field detail) error {
	value, err := w.json.ReadValue()
	if err != nil {
		return err
	}
	switch value.Kind() {
	case '"':
		if w.text, err = jsontext.AppendUnquote(w.text[:0], value); err != nil {
			return err
		}
		if field.kind == protoreflect.StringKind {
			w.message = appendText(w.message, field.number, w.text)
			return nil
		}
		t, err := time.Parse(time.RFC3339Nano, string(w.text))
		w.message = w.appendTime(w.message, field.number, t)
		return err
	case '0':
		number, err := strconv.ParseInt(string(value), 10, 64)
		w.message = appendInt(w.message, field.number, number)
		return err
	case 't':
		w.message = appendInt(w.message, field.number, 1)
	}
	return nil
}
