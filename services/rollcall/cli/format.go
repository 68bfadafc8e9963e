package cli

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"

	"go.yaml.in/yaml/v3"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"
)

// format is an output format.
type format string

const (
	formatTable  format = "table"
	formatJSON   format = "json"
	formatNDJSON format = "ndjson"
	formatYAML   format = "yaml"
)

// encode returns a message as one line of JSON, with the names of the REST API. It includes empty
// fields, so that scripts need not check whether they exist.
func encode(m proto.Message) ([]byte, error) {
	text, err := protojson.MarshalOptions{EmitDefaultValues: true}.Marshal(m)
	if err != nil {
		return nil, err
	}
	var line bytes.Buffer
	if err := json.Compact(&line, text); err != nil { // protojson varies its white space on purpose
		return nil, err
	}
	return line.Bytes(), nil
}

// printMessage prints one message as JSON or YAML.
func printMessage(out io.Writer, f format, m proto.Message) error {
	text, err := encode(m)
	if err != nil {
		return err
	}
	return printJSON(out, f, text)
}

// printJSON prints a JSON value in a format.
func printJSON(out io.Writer, f format, text []byte) error {
	switch f {
	case formatNDJSON:
		_, err := fmt.Fprintf(out, "%s\n", text)
		return err
	case formatYAML:
		converted, err := toYAML(text)
		if err != nil {
			return err
		}
		_, err = out.Write(converted)
		return err
	default:
		var indented bytes.Buffer
		if err := json.Indent(&indented, text, "", "  "); err != nil {
			return err
		}
		_, err := fmt.Fprintf(out, "%s\n", indented.Bytes())
		return err
	}
}

// toYAML converts JSON to YAML and keeps the order. JSON is YAML in flow style, so only the style
// changes.
func toYAML(text []byte) ([]byte, error) {
	var root yaml.Node
	if err := yaml.Unmarshal(text, &root); err != nil {
		return nil, err
	}
	blockStyle(&root)
	var b bytes.Buffer
	encoder := yaml.NewEncoder(&b)
	encoder.SetIndent(2)
	if err := encoder.Encode(&root); err != nil {
		return nil, err
	}
	return b.Bytes(), encoder.Close()
}

func blockStyle(n *yaml.Node) {
	n.Style &^= yaml.FlowStyle | yaml.DoubleQuotedStyle
	if n.Kind == yaml.ScalarNode && n.Tag == "!!str" && len(n.Value) > 0 {
		n.Style = 0 // the encoder quotes where necessary
	}
	for _, child := range n.Content {
		blockStyle(child)
	}
}
