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

	"github.com/rollcall-dev/rollcall/services/inventory"
)

// Lists and exports encode the rows of the database directly to the wire format. Maps, messages and texts for
// each of a million instances would take nine tenths of the time. The result is the same as that of toInstance,
// which the tests compare.

// encoder encodes instances in the wire format of protobuf. It is not safe for concurrent use.
type encoder struct {
	// out has the encoded instances, each as an element of a field `repeated Instance instances = 1`.
	out []byte
	// instance, message and text are buffers.
	instance, message, text []byte
	input                   bytes.Buffer
	json                    jsontext.Decoder
}

// usualInstance is about the size of an encoded instance.
const usualInstance = 768

// newEncoder returns an encoder with room for so many instances.
func newEncoder(instances int) *encoder {
	return &encoder{out: make([]byte, 0, instances*usualInstance)}
}

// instancesField is the number of that field, in ListInstancesResponse.
var instancesField = numbersOf(&inventoryv1.ListInstancesResponse{})["instances"]

// numbersOf returns the numbers of the fields of a message, by name.
func numbersOf(message proto.Message) map[protoreflect.Name]protowire.Number {
	numbers := map[protoreflect.Name]protowire.Number{}
	fields := message.ProtoReflect().Descriptor().Fields()
	for n := range fields.Len() {
		numbers[fields.Get(n).Name()] = fields.Get(n).Number()
	}
	return numbers
}

// The numbers of the fields of an instance.
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

// The numbers of the fields of a map entry, and of those of a Timestamp.
const (
	keyField, valueField     protowire.Number = 1, 2
	secondsField, nanosField protowire.Number = 1, 2
)

// add encodes an instance.
func (e *encoder) add(r *inventory.Record) error {
	b := e.instance[:0]
	e.text = append(append(e.text[:0], instancePrefix...), r.UID.String()...)
	b = appendText(b, nameField, e.text)
	e.text = append(append(e.text[:0], accountPrefix...), r.Account...)
	b = appendText(b, accountField, e.text)
	b = appendEnum(b, providerField, commonv1.Provider_value[string(r.Provider)])
	b = appendEnum(b, kindField, commonv1.Kind_value[string(r.Kind)])
	b = appendText(b, providerIDField, r.ProviderID)
	b = appendText(b, providerURIField, r.ProviderURI)
	b = appendText(b, displayNameField, r.DisplayName)
	e.message = appendText(appendText(e.message[:0], regionField, r.Region), zoneField, r.Zone)
	b = appendMessage(b, locationField, e.message)
	b = appendEnum(b, stateField, inventoryv1.Instance_State_value[string(r.State)])
	b = appendText(b, providerStateField, r.ProviderState)
	b = appendText(b, machineTypeField, r.MachineType)
	for _, ip := range r.PrivateIPs {
		b = appendMessage(b, privateIPsField, ip)
	}
	for _, ip := range r.PublicIPs {
		b = appendMessage(b, publicIPsField, ip)
	}
	b = e.appendTime(b, createTimeField, r.CreateTime)
	b = e.appendTime(b, firstSeenTimeField, r.FirstSeenTime)
	b = e.appendTime(b, changeTimeField, r.ChangeTime)
	b = e.appendTime(b, observeTimeField, r.ObserveTime)
	b = e.appendTime(b, goneTimeField, r.GoneTime)
	e.text = hex.AppendEncode(append(e.text[:0], '"'), r.Hash[:])
	if !r.GoneTime.IsZero() {
		e.text = append(e.text, "-gone"...)
	}
	b = appendText(b, etagField, append(e.text, '"'))
	b, err := e.appendLabels(b, r.Labels)
	if err != nil {
		return fmt.Errorf("read the labels of instance %s: %w", r.UID, err)
	}
	if b, err = e.appendDetails(b, r.Details); err != nil {
		return fmt.Errorf("read the details of instance %s: %w", r.UID, err)
	}
	e.instance = b
	e.out = appendMessage(e.out, instancesField, b)
	return nil
}

// appendText appends a text unless it is empty. All default values are left out.
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

func (e *encoder) appendTime(b []byte, field protowire.Number, t time.Time) []byte {
	if t.IsZero() {
		return b
	}
	e.text = appendInt(e.text[:0], secondsField, t.Unix())
	e.text = appendInt(e.text, nanosField, int64(t.Nanosecond()))
	return appendMessage(b, field, e.text)
}

// eachMember calls take for each member of a JSON object, with the kind of its value. take reads the value. The
// name is valid until then.
func (e *encoder) eachMember(take func(name []byte, value jsontext.Kind) error) error {
	if _, err := e.json.ReadToken(); err != nil { // {
		return err
	}
	for e.json.PeekKind() != '}' {
		name, err := e.json.ReadValue()
		if err != nil {
			return err
		}
		if e.text, err = jsontext.AppendUnquote(e.text[:0], name); err != nil {
			return err
		}
		if err := take(e.text, e.json.PeekKind()); err != nil {
			return err
		}
	}
	_, err := e.json.ReadToken() // }
	return err
}

func (e *encoder) read(text []byte) {
	e.input.Reset()
	e.input.Write(text)
	e.json.Reset(&e.input, jsontext.AllowDuplicateNames(true)) // jsonb has none
}

// appendLabels appends a JSON object of texts as a map.
func (e *encoder) appendLabels(b, labels []byte) ([]byte, error) {
	e.read(labels)
	err := e.eachMember(func(name []byte, _ jsontext.Kind) error {
		e.message = appendMessage(e.message[:0], keyField, name)
		value, err := e.json.ReadValue()
		if err != nil {
			return err
		}
		if e.text, err = jsontext.AppendUnquote(e.text[:0], value); err != nil {
			return err
		}
		b = appendMessage(b, labelsField, appendMessage(e.message, valueField, e.text))
		return nil
	})
	return b, err
}

// detail is the field that a member of the JSON of details is encoded as.
type detail struct {
	number protowire.Number
	kind   protoreflect.Kind
	// fields are those of the message, if it is one.
	fields map[string]detail
}

// detailFields are the fields of details by their JSON names. See inventory.AppendDetails.
var detailFields = detailsOf((&inventoryv1.Instance{}).ProtoReflect().Descriptor().Oneofs().ByName("details").Fields())

// fields is a list of fields of a message or of a oneof.
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

// appendDetails appends the JSON of details as fields of an instance. Members that the API does not have are left
// out.
func (e *encoder) appendDetails(b, details []byte) ([]byte, error) {
	e.read(details)
	err := e.eachMember(func(name []byte, kind jsontext.Kind) error {
		of, ok := detailFields[string(name)]
		if !ok || kind != '{' {
			return e.json.SkipValue()
		}
		e.message = e.message[:0]
		err := e.eachMember(func(name []byte, _ jsontext.Kind) error {
			field, ok := of.fields[string(name)]
			if !ok {
				return e.json.SkipValue()
			}
			return e.appendDetail(field)
		})
		b = appendMessage(b, of.number, e.message)
		return err
	})
	return b, err
}

// appendDetail appends the next value to the message.
func (e *encoder) appendDetail(field detail) error {
	value, err := e.json.ReadValue()
	if err != nil {
		return err
	}
	switch value.Kind() {
	case '"':
		if e.text, err = jsontext.AppendUnquote(e.text[:0], value); err != nil {
			return err
		}
		if field.kind == protoreflect.StringKind {
			e.message = appendText(e.message, field.number, e.text)
			return nil
		}
		t, err := time.Parse(time.RFC3339Nano, string(e.text))
		e.message = e.appendTime(e.message, field.number, t)
		return err
	case '0':
		number, err := strconv.ParseInt(string(value), 10, 64)
		e.message = appendInt(e.message, field.number, number)
		return err
	case 't':
		e.message = appendInt(e.message, field.number, 1)
	}
	return nil
}
